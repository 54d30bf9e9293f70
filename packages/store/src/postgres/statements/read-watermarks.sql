select sealed_size as "sealedSize", anchored_size as "anchoredSize", final_size as "finalSize"
from eventchain.watermarks
where ledger_id = $1::bigint
