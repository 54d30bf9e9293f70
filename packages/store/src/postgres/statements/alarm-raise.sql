insert into eventchain.alarms (ledger_id, code, message)
values ($1::bigint, $2::text, $3::text)
on conflict (ledger_id, code) where cleared_at is null do nothing
