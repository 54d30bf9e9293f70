update eventchain.alarms
set cleared_at = clock_timestamp()
where ledger_id = $1::bigint and code = $2::text and cleared_at is null
