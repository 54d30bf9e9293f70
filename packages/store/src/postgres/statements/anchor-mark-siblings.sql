-- One nonce, one transaction: what else stood on it can no longer be mined.
update eventchain.anchors other
set state = 'replaced'
from eventchain.anchors a
where a.anchor_id = $1::bigint
  and other.chain_id = a.chain_id and other.sender = a.sender and other.nonce = a.nonce
  and other.anchor_id <> a.anchor_id and a.nonce >= 0
  and other.state in ('prepared', 'sent', 'mined', 'reorged')
