-- The anchors that the database calls mined or final: what it claims to stand on chain.
select a.tx_hash, a.state, a.epoch::text, a.from_size::text, a.size::text, a.root, a.chain_id::text, a.contract,
       a.block_number::text, a.block_hash, trunc(extract(epoch from a.block_time))::text, a.anchor_id::text
from eventchain.anchors a
where a.ledger_id = $1::bigint and a.state in ('mined', 'final')
order by a.size, a.anchor_id
