-- One schema for every ledger of a database. ledger_id leads every key, so that the tables can be
-- partitioned by it. Names and stream, type and tag texts compare bytewise (collate "C").

create table eventchain.ledgers (
  ledger_id  bigint generated always as identity primary key,
  origin     text collate "C" not null unique check (origin ~ '^[!-~]{1,200}$' and origin !~ '[+~]'),
  genesis    json not null,
  -- H(0x47 || JCS(genesis)): what the first event is chained to.
  genesis_hash bytea not null check (octet_length(genesis_hash) = 32),
  epoch      int not null default 0,
  state      text not null default 'open' check (state in ('open', 'halted')),
  state_reason text,
  created_at timestamptz not null default clock_timestamp()
);

-- The log's verifier keys, one for each epoch; the first one also stands in the genesis.
create table eventchain.log_keys (
  ledger_id bigint not null references eventchain.ledgers,
  epoch     int not null,
  vkey      text not null,
  primary key (ledger_id, epoch)
);

-- Where a ledger is anchored. Both hashes and addresses are raw bytes.
create table eventchain.ledger_contracts (
  ledger_id    bigint primary key references eventchain.ledgers,
  chain_id     bigint not null,
  genesis_hash bytea not null check (octet_length(genesis_hash) = 32),
  contract     bytea not null check (octet_length(contract) = 20),
  -- keccak256(abi.encode(opener, origin)): the ledger's id in the contract.
  onchain_id   bytea not null check (octet_length(onchain_id) = 32),
  owner        bytea not null check (octet_length(owner) = 20),
  opened_block bigint not null
);

create table eventchain.watermarks (
  ledger_id     bigint primary key references eventchain.ledgers,
  sealed_size   bigint not null default 0,
  anchored_size bigint not null default 0,
  final_size    bigint not null default 0
);

-- Fixed widths first: no padding between them. No foreign key: the append function holds the ledger's row,
-- and a check for each event would cost as much as an index.
create table eventchain.events (
  ledger_id    bigint not null,
  position     bigint not null check (position >= 1),
  version      bigint not null check (version >= 1),
  recorded_at  timestamptz not null,
  id           uuid not null,
  schema       int not null check (schema >= 1),
  stream       text collate "C" not null,
  type         text collate "C" not null,
  tags         text[] collate "C" not null,
  data         json,
  salt         bytea,
  data_hash    bytea not null,
  metadata     json,
  meta_salt    bytea,
  meta_hash    bytea not null,
  content_hash bytea not null,
  prev_hash    bytea not null,
  hash         bytea not null,
  primary key (ledger_id, position),
  unique (ledger_id, stream, version),
  unique (ledger_id, id)
);
create index events_type on eventchain.events (ledger_id, type, position);

create table eventchain.event_tags (
  ledger_id bigint not null,
  tag       text collate "C" not null,
  type      text collate "C" not null,
  position  bigint not null,
  primary key (ledger_id, tag, type, position)
);
create index event_tags_position on eventchain.event_tags (ledger_id, tag, position);

create table eventchain.commands (
  ledger_id      bigint not null,
  command_id     text collate "C" not null,
  request_hash   bytea not null,
  type           text collate "C",
  actor          text,
  outcome        text not null check (outcome in ('recorded', 'rejected')),
  code           text,
  first_position bigint,
  last_position  bigint,
  at             timestamptz not null,
  primary key (ledger_id, command_id)
);

-- Level -1: event hashes, 256 a tile. Level 1 and up: node hashes of height 8 * level, 256 a tile.
-- The last tile of a level may be partial; it grows in place until it is full, then never changes.
create table eventchain.log_tiles (
  ledger_id bigint not null references eventchain.ledgers,
  level     int not null check (level = -1 or level between 1 and 7),
  tile      bigint not null check (tile >= 0),
  hashes    bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
  primary key (ledger_id, level, tile)
);
-- Hashes do not compress.
alter table eventchain.log_tiles alter column hashes set storage external;

create table eventchain.checkpoints (
  ledger_id bigint not null references eventchain.ledgers,
  epoch     int not null default 0,
  size      bigint not null check (size >= 1),
  root      bytea not null check (octet_length(root) = 32),
  note      text not null,
  sealed_at timestamptz not null default clock_timestamp(),
  primary key (ledger_id, epoch, size)
);

-- One row for each signed transaction, kept whatever became of it.
create table eventchain.anchors (
  anchor_id    bigint generated always as identity primary key,
  ledger_id    bigint not null references eventchain.ledgers,
  epoch        int not null default 0,
  -- from_size: the contract's head that the consistency proof starts at (0 for the first anchor).
  from_size    bigint not null,
  size         bigint not null,
  root         bytea not null check (octet_length(root) = 32),
  chain_id     bigint not null,
  contract     bytea not null,
  sender       bytea not null,
  nonce        bigint not null,
  raw_tx       bytea not null,
  tx_hash      bytea not null unique,
  state        text not null check (state in ('prepared', 'sent', 'mined', 'final', 'replaced', 'reorged', 'failed')),
  block_number bigint,
  block_hash   bytea,
  block_time   timestamptz,
  gas_used     bigint,
  -- fee: wei paid, gas_used * effective gas price.
  fee          numeric(78, 0),
  error        text,
  prepared_at  timestamptz not null default clock_timestamp(),
  sent_at      timestamptz,
  mined_at     timestamptz,
  final_at     timestamptz
);
create index anchors_ledger on eventchain.anchors (ledger_id, size);
create index anchors_open on eventchain.anchors (ledger_id) where state in ('prepared', 'sent', 'mined', 'reorged');
create index anchors_nonce on eventchain.anchors (chain_id, sender, nonce);

-- Alarms for people: raised by workers, shown by status, cleared by a person's action.
create table eventchain.alarms (
  alarm_id  bigint generated always as identity primary key,
  ledger_id bigint not null references eventchain.ledgers,
  code      text not null,
  message   text not null,
  raised_at timestamptz not null default clock_timestamp(),
  cleared_at timestamptz
);
-- An alarm that stands is raised once.
create unique index alarms_standing on eventchain.alarms (ledger_id, code) where cleared_at is null;

-- A command's state, from its outcome and the watermarks.
create view eventchain.command_status with (security_invoker = true) as
select c.ledger_id, c.command_id, c.type, c.actor, c.outcome, c.code, c.first_position, c.last_position, c.at,
       case when c.outcome = 'rejected' then 'rejected'
            when c.last_position <= w.final_size then 'final'
            when c.last_position <= w.anchored_size then 'anchored'
            when c.last_position <= w.sealed_size then 'sealed'
            else 'appended' end as state,
       a.tx_hash, a.block_number, a.block_time
from eventchain.commands c
join eventchain.watermarks w using (ledger_id)
left join lateral (
  select tx_hash, block_number, block_time from eventchain.anchors a
  where a.ledger_id = c.ledger_id and a.size >= c.last_position and a.state in ('mined', 'final')
  order by a.size limit 1
) a on c.outcome = 'recorded';
