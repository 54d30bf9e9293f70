select h.handler, h.enabled, h.by, h.position, (extract(epoch from h.at) * 1000000)::bigint as "atMicros"
from eventchain.handlers h
where h.ledger_id = $1::bigint
order by h.handler
