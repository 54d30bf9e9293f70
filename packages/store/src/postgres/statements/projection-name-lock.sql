select p.name from eventchain.projections p where p.ledger_id = $1::bigint and p.name = $2::text for no key update
