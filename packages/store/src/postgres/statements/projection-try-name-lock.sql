-- Who makes or drops builds of this projection has its row: nobody waits for that here, who has the row of a build already.
select p.name from eventchain.projections p where p.ledger_id = $1::bigint and p.name = $2::text for no key update skip locked
