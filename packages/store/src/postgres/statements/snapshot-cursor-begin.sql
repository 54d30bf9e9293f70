insert into eventchain.snapshot_cursors (ledger_id, rule, position, hash)
select l.ledger_id, $2::text, 0, l.genesis_hash from eventchain.ledgers l where l.ledger_id = $1::bigint
on conflict do nothing
