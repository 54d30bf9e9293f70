-- due_in_ms: until the first task is due, or the first lease is over; 0 or less: now.
select r.name, r.position, r.hash, l.state = 'halted' as "isHalted",
       case wanted.level when 'appended' then coalesce(head.position, 0)
                         when 'sealed' then w.sealed_size
                         else w.final_size end as bound,
       case when r.position = 0 then l.genesis_hash else stood.hash end as "foundHash",
       ceil(extract(epoch from least(due.at, running.until) - clock_timestamp()) * 1000)::bigint as "dueInMs"
from unnest($2::text[], $3::text[]) as wanted(name, level)
join eventchain.reactions r on r.ledger_id = $1::bigint and r.name = wanted.name
join eventchain.ledgers l on l.ledger_id = r.ledger_id
join eventchain.watermarks w on w.ledger_id = r.ledger_id
left join lateral (
  select e.position
  from eventchain.events e
  where e.ledger_id = r.ledger_id
  order by e.position desc
  limit 1
) head on true
left join eventchain.events stood on stood.ledger_id = r.ledger_id and stood.position = r.position
left join lateral (
  select t.due_at as at
  from eventchain.reaction_tasks t
  where t.ledger_id = r.ledger_id and t.reaction = r.name and t.state = 'waiting' and not t.is_held
  order by t.due_at
  limit 1
) due on true
left join lateral (
  select t.lease_until as until
  from eventchain.reaction_tasks t
  where t.ledger_id = r.ledger_id and t.reaction = r.name and t.state = 'running'
  order by t.lease_until
  limit 1
) running on true
