select h.position::text, h.handler, h.enabled::text, h.by
from eventchain.handlers h
where h.ledger_id = $1::bigint and h.position >= $2::bigint
order by h.position, h.handler
