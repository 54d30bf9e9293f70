update eventchain.reaction_tasks t
set state = 'dead', lease = null, lease_until = null, error = $6::text
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.position = $3::bigint and t.handler = $4::text
  and t.state = 'running' and t.lease = $5::uuid
