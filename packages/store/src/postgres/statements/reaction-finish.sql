delete from eventchain.reaction_tasks t
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.position = $3::bigint and t.handler = $4::text
  and t.state = 'running' and t.lease = $5::uuid
returning t.stream
