select c.epoch, c.size::text as size, c.root, c.note, (extract(epoch from c.sealed_at) * 1000)::bigint::text as sealed_at_ms
from eventchain.checkpoints c
where c.ledger_id = $1::bigint and c.size = $2::bigint
order by c.epoch desc
limit 1
