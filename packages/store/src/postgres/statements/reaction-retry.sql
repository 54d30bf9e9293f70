update eventchain.reaction_tasks t
set state = 'waiting', attempts = 0, due_at = clock_timestamp()
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.state = 'dead'
  and ($3::bigint is null or t.position = $3::bigint) and ($4::text is null or t.handler = $4::text)
