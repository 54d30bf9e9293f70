-- `forked`: the event at its position is another one now, or gone.
select b.build_id as "buildId", b.schema_name as "schemaName", b.position,
       b.hash is distinct from case when b.position = 0 then l.genesis_hash else (
         select e.hash from eventchain.events e where e.ledger_id = b.ledger_id and e.position = b.position
       ) end as forked
from eventchain.projections p
join eventchain.projection_builds b on b.build_id = p.live_build
join eventchain.ledgers l on l.ledger_id = p.ledger_id
where p.ledger_id = $1::bigint and p.name = $2::text
for no key update of b
