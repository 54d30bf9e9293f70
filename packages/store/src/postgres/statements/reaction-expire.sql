update eventchain.reaction_tasks t
set state = 'waiting', lease = null, lease_until = null
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.state = 'running' and t.lease_until <= clock_timestamp()
