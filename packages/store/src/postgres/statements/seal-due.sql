select w.ledger_id::text as ledger_id
from eventchain.watermarks w
join eventchain.ledgers l using (ledger_id)
left join lateral (
  select e.position
  from eventchain.events e
  where e.ledger_id = w.ledger_id
  order by e.position desc
  limit 1
) head on true
where l.state = 'open' and coalesce(head.position, 0) <> w.sealed_size
order by w.ledger_id
