-- One claim as it stands now, for a second look.
select a.state, a.block_number::text, a.block_hash
from eventchain.anchors a
where a.ledger_id = $1::bigint and a.tx_hash = $2::bytea and a.state in ('mined', 'final')
