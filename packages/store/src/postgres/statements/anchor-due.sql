-- By the anchors themselves: anchored_size does not go below final_size, even where a final block is gone.
select l.ledger_id::text as ledger_id
from eventchain.ledgers l
join eventchain.watermarks w using (ledger_id)
join eventchain.ledger_contracts c using (ledger_id)
where l.state = 'open'
  and ($1::bigint is null or c.chain_id = $1::bigint)
  and w.sealed_size > coalesce((
    select max(a.size)
    from eventchain.anchors a
    where a.ledger_id = l.ledger_id and a.epoch = l.epoch and a.state in ('mined', 'final')
  ), 0)
  and not exists (
    select from eventchain.anchors a
    where a.ledger_id = l.ledger_id and a.state in ('prepared', 'sent', 'reorged')
  )
order by l.ledger_id
