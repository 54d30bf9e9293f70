-- Under the reaction's lock. At most one of each stream, and none of a stream of which one runs.
with candidates as (
  select t.position, t.handler, t.stream, t.is_timeout, t.due_at
  from eventchain.reaction_tasks t
  where t.ledger_id = $1::bigint and t.reaction = $2::text
    and t.state = 'waiting' and not t.is_held and t.due_at <= clock_timestamp()
    and not exists (
      select from eventchain.reaction_tasks other
      where other.ledger_id = t.ledger_id and other.reaction = t.reaction and other.stream = t.stream
        and other.state = 'running'
    )
    and (t.is_timeout or not exists (
      select from eventchain.reaction_tasks older
      where older.ledger_id = t.ledger_id and older.reaction = t.reaction and older.stream = t.stream
        and not older.is_timeout and older.position < t.position
    ))
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
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.position = due.position and t.handler = due.handler
returning t.position, t.handler, t.stream, t.is_checked as "isChecked", t.attempts as attempt,
          (extract(epoch from clock_timestamp()) * 1000000)::bigint as "takenAtMicros"
