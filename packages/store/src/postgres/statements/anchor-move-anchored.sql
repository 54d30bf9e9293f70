update eventchain.watermarks w
set anchored_size = greatest(w.final_size, coalesce((
  select max(a.size)
  from eventchain.anchors a
  join eventchain.ledgers l using (ledger_id)
  where a.ledger_id = w.ledger_id and a.epoch = l.epoch and a.state in ('mined', 'final')
), 0))
where w.ledger_id = $1::bigint
