select s.type, s.version, s.hash, s.schema::text as schema
from eventchain.event_schemas s
where s.ledger_id = $1::bigint
order by s.type, s.version
