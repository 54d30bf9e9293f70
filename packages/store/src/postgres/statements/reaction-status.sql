select r.name, case when h.enabled is false then 'off' else 'on' end as state, r.position,
       coalesce(tasks.waiting, 0) as waiting, coalesce(tasks.dead, 0) as dead,
       case when r.position = 0 then l.genesis_hash else stood.hash end is distinct from r.hash as "isForked"
from eventchain.reactions r
join eventchain.ledgers l using (ledger_id)
left join eventchain.events stood on stood.ledger_id = r.ledger_id and stood.position = r.position
left join eventchain.handlers h on h.ledger_id = r.ledger_id and h.handler = r.name
left join lateral (
  select count(*) filter (where t.state <> 'dead') as waiting, count(*) filter (where t.state = 'dead') as dead
  from eventchain.reaction_tasks t
  where t.ledger_id = r.ledger_id and t.reaction = r.name
) tasks on true
where r.ledger_id = $1::bigint
order by r.name
