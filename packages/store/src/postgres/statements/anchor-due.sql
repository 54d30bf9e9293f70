select l.ledger_id::text as ledger_id
from eventchain.ledgers l
join eventchain.watermarks w using (ledger_id)
join eventchain.ledger_contracts c using (ledger_id)
where l.state = 'open'
  and ($1::bigint is null or c.chain_id = $1::bigint)
  and w.sealed_size > w.anchored_size
  and not exists (
    select from eventchain.anchors a
    where a.ledger_id = l.ledger_id and a.state in ('prepared', 'sent', 'reorged')
  )
order by l.ledger_id
