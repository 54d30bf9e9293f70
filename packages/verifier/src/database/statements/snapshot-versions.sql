-- The stream's version at each position asked for; 0 where it had none yet.
select coalesce(e.version, 0)::text
from unnest($2::text[], $3::bigint[]) with ordinality a (stream, position, n)
left join lateral (
  select e.version from eventchain.events e
  where e.ledger_id = $1::bigint and e.stream = a.stream and e.position <= a.position
  order by e.version desc limit 1
) e on true
order by a.n
