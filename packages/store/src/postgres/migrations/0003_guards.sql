-- What is written stays as it is. This stops accidents and stolen credentials, not an administrator, who can drop
-- these triggers: the chain is for that.

create function eventchain.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'eventchain.% is append-only: % is refused', tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege', hint = 'The history of a ledger is never changed. Append an event instead.';
end
$$;

-- The one change that an event may undergo: its payload, or its metadata, is erased together with the salt. The
-- erasure's own function opens the door by `eventchain.erasing`, for the length of its transaction.
create function eventchain.refuse_event_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and current_setting('eventchain.erasing', true) = 'yes'
     and (new.ledger_id, new.position, new.version, new.recorded_at, new.id, new.schema, new.stream, new.type,
          new.tags, new.data_hash, new.meta_hash, new.content_hash, new.prev_hash, new.hash)
       = (old.ledger_id, old.position, old.version, old.recorded_at, old.id, old.schema, old.stream, old.type,
          old.tags, old.data_hash, old.meta_hash, old.content_hash, old.prev_hash, old.hash)
     and ((new.data is null and new.salt is null)
       or (new.data::text = old.data::text and new.salt = old.salt))
     and ((new.metadata is null and new.meta_salt is null)
       or (new.metadata::text = old.metadata::text and new.meta_salt = old.meta_salt)) then
    return new;
  end if;
  raise exception 'eventchain.events is append-only: % is refused', lower(tg_op)
    using errcode = 'insufficient_privilege', hint = 'The history of a ledger is never changed. Append an event instead.';
end
$$;

create trigger append_only before update or delete on eventchain.events
  for each row execute function eventchain.refuse_event_change();
create trigger append_only before update or delete on eventchain.event_tags
  for each row execute function eventchain.refuse_change();
create trigger append_only before update or delete on eventchain.commands
  for each row execute function eventchain.refuse_change();
create trigger append_only before update or delete on eventchain.checkpoints
  for each row execute function eventchain.refuse_change();
create trigger append_only before delete on eventchain.log_tiles
  for each row execute function eventchain.refuse_change();
create trigger append_only before delete on eventchain.anchors
  for each row execute function eventchain.refuse_change();

-- A tile grows at its end until it is full.
create trigger grows_only before update on eventchain.log_tiles
  for each row when (
    (new.ledger_id, new.level, new.tile) is distinct from (old.ledger_id, old.level, old.tile)
    or substr(new.hashes, 1, octet_length(old.hashes)) <> old.hashes)
  execute function eventchain.refuse_change();

create trigger no_truncate before truncate on eventchain.events
  for each statement execute function eventchain.refuse_change();
create trigger no_truncate before truncate on eventchain.event_tags
  for each statement execute function eventchain.refuse_change();
create trigger no_truncate before truncate on eventchain.commands
  for each statement execute function eventchain.refuse_change();
create trigger no_truncate before truncate on eventchain.checkpoints
  for each statement execute function eventchain.refuse_change();
create trigger no_truncate before truncate on eventchain.log_tiles
  for each statement execute function eventchain.refuse_change();
create trigger no_truncate before truncate on eventchain.anchors
  for each statement execute function eventchain.refuse_change();
