update eventchain.ledgers
set state = 'halted', state_reason = $2::text
where ledger_id = $1::bigint and state <> 'halted'
