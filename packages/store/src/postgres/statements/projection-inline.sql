select b.build_id as "buildId", b.name, b.version, b.definition, b.schema_name as "schemaName", b.position
from eventchain.take_inline_builds($1::bigint, $2::text[], $3::bigint) b
