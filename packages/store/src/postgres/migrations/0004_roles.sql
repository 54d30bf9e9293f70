-- Three group roles, to be granted to login users: `eventchain_writer` reads and calls the append, `eventchain_reader`
-- reads, `eventchain_sealer` does the workers' part. Roles belong to the whole cluster: another database's migration
-- may have made them, or be making them at this moment.

do $$
declare
  missing text[];
  wanted text;
begin
  foreach wanted in array array['eventchain_writer', 'eventchain_reader', 'eventchain_sealer'] loop
    begin
      if to_regrole(wanted) is null then
        execute format('create role %I nologin', wanted);
      end if;
    exception
      when duplicate_object or unique_violation then null;
      when insufficient_privilege then missing := missing || wanted;
    end;
  end loop;
  if missing is not null then
    raise exception 'the user % may not create roles, and there is no role %', current_user, array_to_string(missing, ', ')
      using errcode = 'insufficient_privilege',
        hint = 'Let an administrator run once: '
          || (select string_agg(format('create role %I nologin;', name), ' ') from unnest(missing) as names(name));
  end if;
end
$$;

revoke all on schema eventchain from public;
revoke all on all functions in schema eventchain from public;

grant usage on schema eventchain to eventchain_writer, eventchain_reader, eventchain_sealer;
grant select on all tables in schema eventchain to eventchain_writer, eventchain_reader, eventchain_sealer;

grant execute on function eventchain.append_events to eventchain_writer;

grant update (state, state_reason) on eventchain.ledgers to eventchain_sealer;
grant update (sealed_size, anchored_size, final_size) on eventchain.watermarks to eventchain_sealer;
grant insert, update on eventchain.log_tiles, eventchain.anchors, eventchain.alarms to eventchain_sealer;
grant insert on eventchain.checkpoints to eventchain_sealer;
