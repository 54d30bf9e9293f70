update eventchain.projection_builds b
set position = e.position, hash = e.hash
from eventchain.events e
where b.build_id = $1::bigint and e.ledger_id = b.ledger_id and e.position = $2::bigint and e.position >= b.position
