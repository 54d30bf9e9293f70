select w.sealed_size::text as sealed_size
from eventchain.watermarks w
where w.ledger_id = $1::bigint
for no key update
