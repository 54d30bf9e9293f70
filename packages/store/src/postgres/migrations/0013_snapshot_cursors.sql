-- How far each rule has looked for snapshots that are due.

-- Events up to `position` were looked at. `hash` is that event's (the genesis hash at 0), so that a history that was forked
-- is noticed. Whoever has the row has the rule.
create table eventchain.snapshot_cursors (
  ledger_id bigint not null references eventchain.ledgers,
  rule      text collate "C" not null,
  position  bigint not null check (position >= 0),
  hash      bytea not null check (octet_length(hash) = 32),
  -- Of a rule of a projection: how many of its events stand up to `position` since the last snapshot.
  counted   bigint not null default 0 check (counted >= 0),
  primary key (ledger_id, rule)
);

-- Branches with events that no snapshot has, of rules by an interval: when one is due, whether or not more comes.
create table eventchain.snapshot_waits (
  ledger_id bigint not null references eventchain.ledgers,
  rule      text collate "C" not null,
  -- The stream; '' of a rule of a query, which has one branch.
  stream    text collate "C" not null,
  due_at    timestamptz not null,
  primary key (ledger_id, rule, stream)
);
create index snapshot_waits_due on eventchain.snapshot_waits (ledger_id, rule, due_at);

grant select on eventchain.snapshot_cursors, eventchain.snapshot_waits
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;
grant insert on eventchain.snapshot_cursors to eventchain_handler;
grant update (position, hash, counted) on eventchain.snapshot_cursors to eventchain_handler;
grant insert, update, delete on eventchain.snapshot_waits to eventchain_handler;
