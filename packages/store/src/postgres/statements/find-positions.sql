select p.position
from unnest(eventchain.find_positions($1::bigint, $2::bigint, $3::bigint, $4::boolean, $6::bigint, $5::jsonb))
  with ordinality p (position, n)
order by p.n
