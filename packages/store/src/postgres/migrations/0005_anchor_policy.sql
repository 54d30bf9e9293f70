-- What an anchor's transaction bids, in wei: for its replacement, and for the daily budget.
alter table eventchain.anchors
  add column max_fee_per_gas numeric(78, 0) not null default 0,
  add column max_priority_fee_per_gas numeric(78, 0) not null default 0,
  add column gas_limit bigint not null default 0;

-- One nonce, one transaction that may still be mined. An anchor that was found on chain has nonce -1.
create unique index anchors_one_live on eventchain.anchors (chain_id, sender, nonce)
  where nonce >= 0 and state in ('prepared', 'sent', 'mined', 'final', 'reorged');

-- Why a ledger's next anchor waits; no row where it does not.
create table eventchain.anchor_waits (
  ledger_id bigint primary key references eventchain.ledgers,
  reason    text not null,
  since     timestamptz not null default clock_timestamp()
);

grant select on eventchain.anchor_waits to eventchain_writer, eventchain_reader, eventchain_sealer;
grant insert, update, delete on eventchain.anchor_waits to eventchain_sealer;
