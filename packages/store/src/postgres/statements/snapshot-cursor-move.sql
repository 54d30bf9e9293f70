update eventchain.snapshot_cursors set position = $3::bigint, hash = $4::bytea, counted = $5::bigint
where ledger_id = $1::bigint and rule = $2::text
