select b.build_id as "buildId", b.ledger_id as "ledgerId", b.name, b.version, b.mode, b.state, b.schema_name as "schemaName",
       b.position, b.reason
from eventchain.projection_builds b
where b.ledger_id = $1::bigint and b.name = $2::text and b.state <> 'retired'
