update eventchain.anchors
set state = 'reorged', error = 'block ' || block_number || ' 0x' || encode(block_hash, 'hex') || ' is gone', block_number = null,
    block_hash = null, block_time = null, gas_used = null, fee = null, mined_at = null, final_at = null
where anchor_id = $1::bigint and block_hash = $2::bytea and state in ('mined', 'final')
returning ledger_id::text as ledger_id
