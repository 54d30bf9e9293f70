delete from eventchain.reaction_tasks t
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.state = 'dead'
  and ($3::bigint is null or t.position = $3::bigint) and ($4::text is null or t.handler = $4::text)
returning t.stream
