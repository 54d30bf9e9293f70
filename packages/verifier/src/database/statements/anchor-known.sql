-- Whether any row, in whatever state, knows this transaction or this head.
select a.anchor_id::text
from eventchain.anchors a
where a.ledger_id = $1::bigint and (a.tx_hash = $2::bytea or (a.size = $3::bigint and a.root = $4::bytea))
limit 1
