-- Two that make a ledger's first view at once: the second one looks again with a query. `to_regnamespace` would answer from
-- the session's cache, which waiting for an advisory lock does not renew.
create or replace function eventchain.make_projection_schema(wanted text) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if wanted !~ '^ledger_[0-9]{1,19}(_(build|scratch)_[0-9]{1,19})?$' then
    raise exception 'a projection''s schema is not called %', wanted using errcode = 'invalid_parameter_value';
  end if;
  if wanted ~ '_(build|scratch)_' then
    execute format('create schema %I authorization eventchain_projector', wanted);
    return;
  end if;
  if exists (select from pg_namespace n where n.nspname = wanted) then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('eventchain ' || wanted, 0));
  if exists (select from pg_namespace n where n.nspname = wanted) then
    return;
  end if;
  execute format('create schema %I authorization eventchain_projector', wanted);
  execute format('grant usage on schema %I to eventchain_reader, eventchain_writer, eventchain_handler', wanted);
  execute format('alter default privileges for role eventchain_projector in schema %I '
    || 'grant select on tables to eventchain_reader, eventchain_writer, eventchain_handler', wanted);
end
$$;
