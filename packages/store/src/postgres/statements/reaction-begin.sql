insert into eventchain.reactions (ledger_id, name, position, hash)
select l.ledger_id, wanted.name,
       case when wanted.from_now then coalesce(head.position, 0) else 0 end,
       case when wanted.from_now then coalesce(head.hash, l.genesis_hash) else l.genesis_hash end
from eventchain.ledgers l
cross join unnest($2::text[], $3::boolean[]) as wanted(name, from_now)
left join lateral (
  select e.position, e.hash
  from eventchain.events e
  where e.ledger_id = l.ledger_id
  order by e.position desc
  limit 1
) head on true
where l.ledger_id = $1::bigint
on conflict (ledger_id, name) do nothing
