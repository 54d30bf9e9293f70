-- Where a stream's versions are not 1, 2, 3 … in the order of positions. Walks the index over (stream, version).
select v.stream, v.version::text, v.position::text, v.id::text, v.previous::text
from (
  select e.stream, e.version, e.position, e.id,
         lag(e.version, 1, 0::bigint) over w as previous,
         lag(e.position, 1, 0::bigint) over w as previous_position
  from eventchain.events e
  where e.ledger_id = $1::bigint
  window w as (partition by e.stream order by e.version)
) v
where v.version <> v.previous + 1 or v.position <= v.previous_position
order by v.position
limit $2::bigint
