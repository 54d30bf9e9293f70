-- Under the ledger's lock. One that a worker has at this moment is the worker's.
select b.build_id as "buildId", b.name, b.version, b.definition, b.schema_name as "schemaName", b.position
from eventchain.projections p
join eventchain.projection_builds b on b.build_id = p.live_build
left join eventchain.handlers h on h.ledger_id = p.ledger_id and h.handler = p.name
where p.ledger_id = $1::bigint and p.name = any ($2::text[])
  and b.mode = 'inline' and b.reason is null and coalesce(h.enabled, true)
  and b.position = $3::bigint
  and b.hash = (
    select e.hash from eventchain.events e where e.ledger_id = b.ledger_id and e.position = b.position
    union all
    select l.genesis_hash from eventchain.ledgers l where l.ledger_id = b.ledger_id and b.position = 0)
order by b.build_id
for no key update of b skip locked
