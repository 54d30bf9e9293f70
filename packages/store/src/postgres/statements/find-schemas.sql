select s.type, s.version, s.hash, s.schema::text as schema
from unnest($2::text[], $3::int[]) a (type, version)
join eventchain.event_schemas s on s.ledger_id = $1::bigint and s.type = a.type and s.version = a.version
order by s.type, s.version
