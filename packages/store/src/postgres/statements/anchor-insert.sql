insert into eventchain.anchors (ledger_id, epoch, from_size, size, root, chain_id, contract, sender, nonce, raw_tx, tx_hash, state,
                                max_fee_per_gas, max_priority_fee_per_gas, gas_limit)
values ($1::bigint, $2::int, $3::bigint, $4::bigint, $5::bytea, $6::bigint, $7::bytea, $8::bytea, $9::bigint, $10::bytea, $11::bytea,
        $12::text, $13::numeric, $14::numeric, $15::bigint)
returning anchor_id::text as anchor_id
