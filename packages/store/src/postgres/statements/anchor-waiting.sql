select w.reason
from eventchain.anchor_waits w
where w.ledger_id = $1::bigint
