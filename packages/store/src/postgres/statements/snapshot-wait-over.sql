delete from eventchain.snapshot_waits
where ledger_id = $1::bigint and rule = $2::text and stream = $3::text
