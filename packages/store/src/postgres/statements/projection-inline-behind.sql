-- Without a lock: a worker that catches one up must not find it taken by each append.
select b.build_id as "buildId", b.name, b.version, b.definition, b.schema_name as "schemaName", b.position
from eventchain.projections p
join eventchain.projection_builds b on b.build_id = p.live_build
left join eventchain.handlers h on h.ledger_id = p.ledger_id and h.handler = p.name
where p.ledger_id = $1::bigint and p.name = any ($2::text[])
  and b.mode = 'inline' and b.reason is null and coalesce(h.enabled, true)
  and b.position < $3::bigint
order by b.build_id
