-- Under the ledger's lock. One that a worker has at this moment is behind, and the worker's.
select b.build_id as "buildId", b.name, b.version, b.schema_name as "schemaName", b.position
from eventchain.projections p
join eventchain.projection_builds b on b.build_id = p.live_build
left join eventchain.handlers h on h.ledger_id = p.ledger_id and h.handler = p.name
where p.ledger_id = $1::bigint and p.name = any ($2::text[])
  and b.mode = 'inline' and b.reason is null and coalesce(h.enabled, true)
order by b.build_id
for no key update of b skip locked
