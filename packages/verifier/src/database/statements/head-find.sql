select coalesce(max(e.position), 0)::text
from eventchain.events e
where e.ledger_id = $1::bigint
