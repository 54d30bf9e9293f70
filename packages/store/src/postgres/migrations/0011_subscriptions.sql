-- Where a named subscription stands: the last event that its reader has handled, with its hash, so that a fork is noticed.
create table eventchain.subscription_checkpoints (
  ledger_id  bigint not null references eventchain.ledgers,
  name       text collate "C" not null check (octet_length(name) between 1 and 200),
  position   bigint not null check (position >= 1),
  hash       bytea not null check (octet_length(hash) = 32),
  -- Of the run that moved it last: a move of its own, whose answer it has not heard, is no conflict for it.
  reader     bytea not null check (octet_length(reader) = 16),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (ledger_id, name)
);
grant select on eventchain.subscription_checkpoints to eventchain_writer, eventchain_reader, eventchain_sealer;

-- Moves a checkpoint forward from where its reader knows it to stand; `known` is null where there was none yet. Gives
-- 'moved', 'conflict' where it stands elsewhere by now, or 'forked' where no event of the ledger is the one it is to move to.
create function eventchain.move_subscription_checkpoint(
  ledger bigint, checkpoint text, known_position bigint, known_hash bytea,
  new_position bigint, new_hash bytea, by_reader bytea
) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10s'
as $$
begin
  if not exists (
    select from eventchain.events e
     where e.ledger_id = ledger and e.position = new_position and e.hash = new_hash
  ) then
    return 'forked';
  end if;
  -- What this very run has moved is where it knows it to stand, though the answer was lost.
  update eventchain.subscription_checkpoints c
     set position = new_position, hash = new_hash, reader = by_reader, updated_at = clock_timestamp()
   where c.ledger_id = ledger and c.name = checkpoint
     and (c.reader = by_reader or (c.position = known_position and c.hash = known_hash))
     and c.position < new_position;
  if not found and known_position is null then
    insert into eventchain.subscription_checkpoints (ledger_id, name, position, hash, reader)
      values (ledger, checkpoint, new_position, new_hash, by_reader)
      on conflict do nothing;
  end if;
  if found or exists (
    select from eventchain.subscription_checkpoints c
     where c.ledger_id = ledger and c.name = checkpoint
       and c.position = new_position and c.hash = new_hash and c.reader = by_reader
  ) then
    return 'moved';
  end if;
  return 'conflict';
end
$$;

revoke all on function eventchain.move_subscription_checkpoint from public;
-- Who only reads keeps no place by a name: it could move another subscriber's past what that one has not handled.
grant execute on function eventchain.move_subscription_checkpoint to eventchain_writer, eventchain_handler;
