-- Nobody waits: whoever has the row has the build. A retired one is gone for all that works on builds. `forked`: the event at
-- its position is another one now.
select b.build_id as "buildId", b.ledger_id as "ledgerId", b.name, b.version, b.mode, b.state, b.schema_name as "schemaName",
       b.position, b.reason, b.tries,
       greatest(ceil(extract(epoch from b.try_at - clock_timestamp()) * 1000), 0)::int as "waitMs",
       b.hash is distinct from case when b.position = 0 then l.genesis_hash else (
         select e.hash from eventchain.events e where e.ledger_id = b.ledger_id and e.position = b.position
       ) end as forked
from eventchain.projection_builds b
join eventchain.ledgers l using (ledger_id)
where b.build_id = $1::bigint and b.state <> 'retired'
for no key update of b skip locked
