insert into eventchain.checkpoints (ledger_id, epoch, size, root, note)
values ($1::bigint, $2::int, $3::bigint, $4::bytea, $5::text)
