insert into eventchain.anchor_waits (ledger_id, reason)
values ($1::bigint, $2::text)
on conflict (ledger_id) do update set reason = excluded.reason, since = clock_timestamp()
where anchor_waits.reason <> excluded.reason
