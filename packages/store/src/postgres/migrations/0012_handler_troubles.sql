-- What keeps a ledger's handlers from their work, where no projection or task has it for itself: a module of the ledger's
-- own that cannot be loaded, or that ends the thread it runs in. For people to see; nothing is decided by it.
create table eventchain.handler_troubles (
  ledger_id bigint not null references eventchain.ledgers,
  handler   text collate "C" not null check (octet_length(handler) between 1 and 1000),
  state     text not null check (state in ('failing', 'failed')),
  reason    text not null,
  since     timestamptz not null default clock_timestamp(),
  seen_at   timestamptz not null default clock_timestamp(),
  primary key (ledger_id, handler)
);

grant select on eventchain.handler_troubles to eventchain_writer, eventchain_reader, eventchain_sealer;
grant select, insert, update, delete on eventchain.handler_troubles to eventchain_handler;
