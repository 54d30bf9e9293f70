-- The oldest task of each of these streams waits for none of its stream any more.
update eventchain.reaction_tasks t
set is_held = false
from unnest($3::text[]) as ended(stream)
cross join lateral (
  select o.position, o.handler
  from eventchain.reaction_tasks o
  where o.ledger_id = $1::bigint and o.reaction = $2::text and o.stream = ended.stream and not o.is_timeout
  order by o.position
  limit 1
) oldest
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.position = oldest.position and t.handler = oldest.handler
  and t.is_held
