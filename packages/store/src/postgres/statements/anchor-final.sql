select a.anchor_id::text as anchor_id, a.ledger_id::text as ledger_id, a.epoch, a.from_size::text as from_size, a.size::text as size, a.root,
       a.chain_id::text as chain_id, a.contract, a.sender, a.nonce::text as nonce, a.raw_tx, a.tx_hash, a.state,
       a.max_fee_per_gas::text as max_fee_per_gas, a.max_priority_fee_per_gas::text as max_priority_fee_per_gas,
       a.block_number::text as block_number, a.block_hash, extract(epoch from a.block_time)::bigint::text as block_time_seconds,
       a.gas_used::text as gas_used, a.fee::text as fee, a.error,
       (extract(epoch from a.prepared_at) * 1000)::bigint::text as prepared_at_ms,
       (extract(epoch from a.sent_at) * 1000)::bigint::text as sent_at_ms,
       (extract(epoch from a.mined_at) * 1000)::bigint::text as mined_at_ms,
       (extract(epoch from a.final_at) * 1000)::bigint::text as final_at_ms
from eventchain.anchors a
where a.ledger_id = $1::bigint and a.state = 'final'
order by a.size desc
limit $2::int
