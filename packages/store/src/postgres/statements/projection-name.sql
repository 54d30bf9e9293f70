insert into eventchain.projections (ledger_id, name) values ($1::bigint, $2::text) on conflict do nothing
