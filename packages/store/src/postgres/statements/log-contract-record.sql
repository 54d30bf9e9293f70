insert into eventchain.ledger_contracts (ledger_id, chain_id, genesis_hash, contract, onchain_id, owner, opened_block)
values ($1::bigint, $2::bigint, $3::bytea, $4::bytea, $5::bytea, $6::bytea, $7::bigint)
-- Opened once more, in another block, after the first one was reorganised away.
on conflict (ledger_id) do update set opened_block = excluded.opened_block
where ledger_contracts.chain_id = excluded.chain_id
  and ledger_contracts.genesis_hash = excluded.genesis_hash
  and ledger_contracts.contract = excluded.contract
  and ledger_contracts.onchain_id = excluded.onchain_id
  and ledger_contracts.opened_block <> excluded.opened_block
