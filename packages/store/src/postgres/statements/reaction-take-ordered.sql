-- Under the reaction's lock. At most one of each stream, and none of a stream of which one runs. Each probe is one row of
-- one index: see reaction-wake.
with candidates as (
  select t.position, t.handler, t.stream, t.is_timeout, t.due_at
  from eventchain.reaction_tasks t
  left join lateral (
    select true as is_there
    from eventchain.reaction_tasks r
    where r.ledger_id = t.ledger_id and r.reaction = t.reaction and r.stream = t.stream and r.state = 'running'
    limit 1
  ) running on true
  left join lateral (
    select o.position
    from eventchain.reaction_tasks o
    where o.ledger_id = t.ledger_id and o.reaction = t.reaction and o.stream between t.stream and t.stream
      and not o.is_timeout
    order by o.stream, o.position
    limit 1
  ) oldest on not t.is_timeout
  where t.ledger_id = $1::bigint and t.reaction = $2::text
    and t.state = 'waiting' and not t.is_held and t.due_at <= clock_timestamp()
    and running.is_there is null and (t.is_timeout or oldest.position = t.position)
  order by t.due_at
  limit 256
), firsts as (
  select distinct on (c.stream) c.position, c.handler, c.due_at
  from candidates c
  order by c.stream, c.is_timeout, c.due_at
), due as materialized (
  select f.position, f.handler
  from firsts f
  order by f.due_at
  limit $3::bigint
)
update eventchain.reaction_tasks t
set state = 'running', attempts = t.attempts + 1, lease = $4::uuid,
    lease_until = clock_timestamp() + $5::bigint * interval '1 millisecond'
from due
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.position = any (array(select d.position from due d))
  and t.position = due.position and t.handler = due.handler
returning t.position, t.handler, t.stream, t.is_checked as "isChecked", t.attempts as attempt,
          (extract(epoch from clock_timestamp()) * 1000000)::bigint as "takenAtMicros"
