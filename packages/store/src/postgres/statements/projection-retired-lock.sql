-- Whoever has the row drops its schema.
select b.build_id as "buildId", b.schema_name as "schemaName"
from eventchain.projection_builds b
where b.build_id = $1::bigint and b.state = 'retired' and coalesce(b.try_at <= clock_timestamp(), true)
for no key update skip locked
