select exists (
  select from eventchain.anchors a
  where a.ledger_id = $1::bigint
    and a.epoch = $2::int
    and (a.state in ('prepared', 'sent', 'reorged') or (a.state in ('mined', 'final') and a.size > $3::bigint))
) as busy
