select c.position, c.hash
from eventchain.subscription_checkpoints c
where c.ledger_id = $1::bigint and c.name = $2::text
