select e.position::text, e.id::text, e.stream
from eventchain.events e
where e.ledger_id = $1::bigint and e.position = any ($2::bigint[])
