-- Rows of event_tags that no event explains, and tags of events that have no row.
select coalesce(x.position, y.position)::text, coalesce(x.tag, y.tag), x.position is null
from (
  select e.position, e.type, t.tag
  from eventchain.events e
  cross join lateral unnest(e.tags) as t (tag)
  where e.ledger_id = $1::bigint and e.position >= $2::bigint
) x
full join (
  select t.position, t.type, t.tag
  from eventchain.event_tags t
  where t.ledger_id = $1::bigint and t.position >= $2::bigint
) y on x.position = y.position and x.tag = y.tag collate "C" and x.type = y.type collate "C"
where x.position is null or y.position is null
order by coalesce(x.position, y.position), coalesce(x.tag, y.tag)
limit $3::bigint
