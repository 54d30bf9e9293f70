insert into eventchain.ledger_contracts (ledger_id, chain_id, genesis_hash, contract, onchain_id, owner, opened_block)
values ($1::bigint, $2::bigint, $3::bytea, $4::bytea, $5::bytea, $6::bytea, $7::bigint)
on conflict (ledger_id) do nothing
