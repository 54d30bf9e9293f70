select e.position
from eventchain.events e
where e.ledger_id = $1::bigint and e.stream = $2::text and e.version = $3::bigint
