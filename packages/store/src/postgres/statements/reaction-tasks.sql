select t.reaction, t.position, t.handler, t.stream, t.state, t.attempts,
       (extract(epoch from t.due_at) * 1000000)::bigint as "dueAtMicros", t.error
from eventchain.reaction_tasks t
where t.ledger_id = $1::bigint and ($2::text is null or t.reaction = $2::text) and ($3::text is null or t.state = $3::text)
  and ($4::text is null or (t.reaction, t.position, t.handler) > ($4::text, $5::bigint, $6::text))
order by t.reaction, t.position, t.handler
limit $7::bigint
