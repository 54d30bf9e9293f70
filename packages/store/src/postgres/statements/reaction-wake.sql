-- The oldest task of each of these streams waits for none of its stream any more. A range of one stream leads to the index
-- of streams, the array of positions to the key: whatever the planner knows of the table, neither is a walk over its tasks.
update eventchain.reaction_tasks t
set is_held = false
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.is_held
  and t.position = any (array(
    select oldest.position
    from unnest($3::text[]) as ended(stream)
    cross join lateral (
      select o.position
      from eventchain.reaction_tasks o
      where o.ledger_id = $1::bigint and o.reaction = $2::text and o.stream between ended.stream and ended.stream
        and not o.is_timeout
      order by o.stream, o.position
      limit 1
    ) oldest
  ))
