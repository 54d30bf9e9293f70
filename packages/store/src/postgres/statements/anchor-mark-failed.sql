update eventchain.anchors
set state = 'failed', error = $2::text, block_number = $3::bigint, block_hash = $4::bytea, block_time = to_timestamp($5::bigint),
    gas_used = $6::bigint, fee = $7::numeric, mined_at = case when $3::bigint is null then null else clock_timestamp() end
where anchor_id = $1::bigint and state in ('prepared', 'sent', 'reorged', 'replaced')
