delete from eventchain.handler_troubles t
using eventchain.ledgers l
where l.origin = any ($1::text[]) and t.ledger_id = l.ledger_id and t.handler = $2::text
