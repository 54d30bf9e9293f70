select l.ledger_id as "ledgerId", l.origin, coalesce(head.position, 0) as "position",
       w.sealed_size as "sealedSize", w.final_size as "finalSize"
from eventchain.ledgers l
join eventchain.watermarks w using (ledger_id)
left join lateral (
  select e.position
  from eventchain.events e
  where e.ledger_id = l.ledger_id
  order by e.position desc
  limit 1
) head on true
order by l.ledger_id
