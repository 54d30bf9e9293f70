update eventchain.anchors
set state = 'mined', block_number = $2::bigint, block_hash = $3::bytea, block_time = to_timestamp($4::bigint), gas_used = $5::bigint,
    fee = $6::numeric, error = null, mined_at = clock_timestamp()
where anchor_id = $1::bigint and state <> 'final'
returning ledger_id::text as ledger_id
