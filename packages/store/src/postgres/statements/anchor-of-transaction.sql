select a.anchor_id::text as anchor_id
from eventchain.anchors a
where a.tx_hash = $1::bytea
