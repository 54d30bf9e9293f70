select c.position, c.hash, c.counted from eventchain.snapshot_cursors c
where c.ledger_id = $1::bigint and c.rule = $2::text
for update skip locked
