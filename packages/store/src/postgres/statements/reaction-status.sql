select r.name, case when h.enabled is false then 'off' else 'on' end as state, r.position,
       coalesce(tasks.waiting, 0) as waiting, coalesce(tasks.dead, 0) as dead
from eventchain.reactions r
left join eventchain.handlers h on h.ledger_id = r.ledger_id and h.handler = r.name
left join lateral (
  select count(*) filter (where t.state <> 'dead') as waiting, count(*) filter (where t.state = 'dead') as dead
  from eventchain.reaction_tasks t
  where t.ledger_id = r.ledger_id and t.reaction = r.name
) tasks on true
where r.ledger_id = $1::bigint
order by r.name
