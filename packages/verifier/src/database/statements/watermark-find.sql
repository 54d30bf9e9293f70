select w.sealed_size::text, w.anchored_size::text, w.final_size::text
from eventchain.watermarks w
where w.ledger_id = $1::bigint
