-- What an anchor's transaction bids, in wei: for its replacement, and for the daily budget.
alter table eventchain.anchors
  add column max_fee_per_gas numeric(78, 0) not null default 0,
  add column max_priority_fee_per_gas numeric(78, 0) not null default 0,
  add column gas_limit bigint not null default 0;

-- One nonce, one transaction that may still be mined. An anchor that was found on chain has nonce -1.
create unique index anchors_one_live on eventchain.anchors (chain_id, sender, nonce)
  where nonce >= 0 and state in ('prepared', 'sent', 'mined', 'final', 'reorged');

-- Who sends anchors where. A row is locked while one of its nonces is given out: an advisory lock could be taken, and
-- kept, by anyone who may connect.
create table eventchain.anchor_senders (
  chain_id bigint not null,
  sender   bytea not null check (octet_length(sender) = 20),
  primary key (chain_id, sender)
);
grant select on eventchain.anchor_senders to eventchain_writer, eventchain_reader;
-- FOR UPDATE asks for the right to update, which the row's two keys never are.
grant select, insert, update on eventchain.anchor_senders to eventchain_sealer;

-- Why a ledger's next anchor waits; no row where it does not.
create table eventchain.anchor_waits (
  ledger_id bigint primary key references eventchain.ledgers,
  reason    text not null,
  since     timestamptz not null default clock_timestamp()
);

grant select on eventchain.anchor_waits to eventchain_writer, eventchain_reader, eventchain_sealer;
grant insert, update, delete on eventchain.anchor_waits to eventchain_sealer;

-- An anchor as the workers read it: times in milliseconds since 1970, ages as of the transaction's start.
create view eventchain.anchor_rows with (security_invoker = true) as
select a.anchor_id, a.ledger_id, a.epoch, a.from_size, a.size, a.root,
       a.chain_id, a.contract, a.sender, a.nonce, a.raw_tx, a.tx_hash, a.state,
       a.max_fee_per_gas, a.max_priority_fee_per_gas,
       a.block_number, a.block_hash, extract(epoch from a.block_time)::bigint as block_time_seconds,
       a.gas_used, a.fee, a.error,
       (extract(epoch from a.prepared_at) * 1000)::bigint as prepared_at_ms,
       (extract(epoch from a.sent_at) * 1000)::bigint as sent_at_ms,
       (extract(epoch from a.mined_at) * 1000)::bigint as mined_at_ms,
       (extract(epoch from a.final_at) * 1000)::bigint as final_at_ms,
       (extract(epoch from now() - a.prepared_at) * 1000)::bigint as since_prepared_ms,
       (extract(epoch from now() - a.sent_at) * 1000)::bigint as since_sent_ms
from eventchain.anchors a;

grant select on eventchain.anchor_rows to eventchain_writer, eventchain_reader, eventchain_sealer;
