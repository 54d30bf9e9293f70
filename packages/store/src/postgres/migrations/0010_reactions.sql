-- What is done because of events: how far each reaction has taken events in, and its runs that have not come to their end.

-- A reaction's cursor: events up to `position` have their tasks. `hash` is that event's (the genesis hash at 0), so that a
-- history that was forked is noticed.
create table eventchain.reactions (
  ledger_id bigint not null references eventchain.ledgers,
  name      text collate "C" not null,
  position  bigint not null check (position >= 0),
  hash      bytea not null check (octet_length(hash) = 32),
  made_at   timestamptz not null default clock_timestamp(),
  primary key (ledger_id, name)
);

-- One run to be made: of this reaction, because of the event at `position`, by this handler of it. Gone once it is done.
create table eventchain.reaction_tasks (
  ledger_id   bigint not null,
  reaction    text collate "C" not null,
  position    bigint not null check (position >= 1),
  -- 'on:<type>', 'timeout:<type>' or 'any'.
  handler     text collate "C" not null,
  -- The event's.
  stream      text collate "C" not null,
  is_timeout  boolean not null,
  -- Whether it was found out, when the event was taken in, that the task is wanted and when it is due. If not, since the
  -- application's code failed then, its run finds out first.
  is_checked  boolean not null,
  state       text not null default 'waiting' check (state in ('waiting', 'running', 'dead')),
  -- Of a reaction in the order of its streams: it waits for an older one of its stream. Never of a time-out.
  is_held     boolean not null default false,
  -- Runs begun since it was taken in, or retried.
  attempts    int not null default 0 check (attempts >= 0),
  due_at      timestamptz not null,
  -- Of whoever runs it, until then: afterwards it is anybody's again.
  lease       uuid,
  lease_until timestamptz,
  -- What the last run failed with.
  error       text,
  primary key (ledger_id, reaction, position, handler),
  foreign key (ledger_id, reaction) references eventchain.reactions (ledger_id, name),
  check ((state = 'running') = (lease is not null) and (lease is null) = (lease_until is null)),
  check (not (is_held and (is_timeout or state <> 'waiting')))
);
create index reaction_tasks_due on eventchain.reaction_tasks (ledger_id, reaction, due_at)
  where state = 'waiting' and not is_held;
create index reaction_tasks_running on eventchain.reaction_tasks (ledger_id, reaction, lease_until)
  where state = 'running';
create index reaction_tasks_running_stream on eventchain.reaction_tasks (ledger_id, reaction, stream)
  where state = 'running';
create index reaction_tasks_stream on eventchain.reaction_tasks (ledger_id, reaction, stream, position)
  where not is_timeout;

grant select on eventchain.reactions, eventchain.reaction_tasks
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;
grant insert on eventchain.reactions to eventchain_handler;
grant update (position, hash) on eventchain.reactions to eventchain_handler;
grant insert, update, delete on eventchain.reaction_tasks to eventchain_handler;
