select c.epoch::text, c.size::text, c.root, c.note
from eventchain.checkpoints c
where c.ledger_id = $1::bigint
order by c.epoch, c.size
