-- One claim as it stands now, for a second look.
select a.state, a.block_number::text, a.block_hash
from eventchain.anchors a
where a.ledger_id = $1::bigint and a.anchor_id = $2::bigint and a.state in ('mined', 'final')
