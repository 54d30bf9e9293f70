select b.schema_name as "schemaName"
from eventchain.projections p
join eventchain.projection_builds b on b.build_id = p.live_build
where p.ledger_id = $1::bigint and p.name = $2::text
