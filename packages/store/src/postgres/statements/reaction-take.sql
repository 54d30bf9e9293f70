with due as materialized (
  select t.position, t.handler
  from eventchain.reaction_tasks t
  where t.ledger_id = $1::bigint and t.reaction = $2::text
    and t.state = 'waiting' and not t.is_held and t.due_at <= clock_timestamp()
  order by t.due_at
  limit $3::bigint
  for update skip locked
)
update eventchain.reaction_tasks t
set state = 'running', attempts = t.attempts + 1, lease = $4::uuid,
    lease_until = clock_timestamp() + $5::bigint * interval '1 millisecond'
from due
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.position = any (array(select d.position from due d))
  and t.position = due.position and t.handler = due.handler
returning t.position, t.handler, t.stream, t.is_checked as "isChecked", t.attempts as attempt,
          (extract(epoch from clock_timestamp()) * 1000000)::bigint as "takenAtMicros"
