-- Each projection with its builds, in one snapshot with the head. `forked`: the event at its position is another one now, or
-- gone.
select p.name, b.build_id as "buildId", b.version, b.mode, b.state, b.schema_name as "schemaName", b.position, b.reason,
       b.definition, b.put_off as "putOff",
       greatest(ceil(extract(epoch from b.try_at - clock_timestamp()) * 1000), 0)::int as "waitMs",
       b.hash is distinct from case when b.position = 0 then (
         select l.genesis_hash from eventchain.ledgers l where l.ledger_id = b.ledger_id
       ) else (
         select e.hash from eventchain.events e where e.ledger_id = b.ledger_id and e.position = b.position
       ) end as forked,
       coalesce(h.enabled, true) as enabled,
       (select count(*) from eventchain.projection_dead_letters d where d.build_id = b.build_id) as "deadLetters",
       head.position as "headPosition"
from (select coalesce((
        select e.position from eventchain.events e where e.ledger_id = $1::bigint order by e.position desc limit 1
      ), 0) as position) head
left join eventchain.projections p on p.ledger_id = $1::bigint
left join eventchain.projection_builds b on b.ledger_id = p.ledger_id and b.name = p.name
left join eventchain.handlers h on h.ledger_id = p.ledger_id and h.handler = p.name
order by p.name, b.build_id
