update eventchain.anchors
set state = 'final', final_at = clock_timestamp()
where anchor_id = $1::bigint and block_hash = $2::bytea and state = 'mined'
returning ledger_id::text as ledger_id, size::text as size
