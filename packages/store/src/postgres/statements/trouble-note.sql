insert into eventchain.handler_troubles (ledger_id, handler, state, reason)
select l.ledger_id, $2::text, $3::text, $4::text
from eventchain.ledgers l
where l.origin = any ($1::text[])
on conflict (ledger_id, handler) do update
  set state = excluded.state, reason = excluded.reason, seen_at = excluded.seen_at
