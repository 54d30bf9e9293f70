-- Who appends moves inline projections with the append, by these two functions, and no other build.
revoke update (position, hash) on eventchain.projection_builds from eventchain_writer;

-- The live builds of inline projections that stand at a position, are on and not stopped, with their rows: under the
-- ledger's lock, which the append before it took. One that a worker has at this moment is the worker's.
create function eventchain.take_inline_builds(ledger bigint, names text[], at_position bigint) returns table (
  build_id bigint, name text, version int, definition bytea, schema_name text, "position" bigint
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  if current_setting('idle_in_transaction_session_timeout') = '0' then
    perform set_config('idle_in_transaction_session_timeout', '10s', true);
  end if;
  return query
    select b.build_id, b.name, b.version, b.definition, b.schema_name, b.position
      from eventchain.projections p
      join eventchain.projection_builds b on b.build_id = p.live_build
      left join eventchain.handlers h on h.ledger_id = p.ledger_id and h.handler = p.name
     where p.ledger_id = ledger and p.name = any (names)
       and b.mode = 'inline' and b.reason is null and coalesce(h.enabled, true)
       and b.position = at_position
       and b.hash = (
         select e.hash from eventchain.events e where e.ledger_id = b.ledger_id and e.position = b.position
         union all
         select l.genesis_hash from eventchain.ledgers l where l.ledger_id = b.ledger_id and b.position = 0)
     order by b.build_id
       for no key update of b skip locked;
end
$$;

-- Moves an inline projection's live build forward, from where it is known to stand to an event that this very transaction
-- appended: so the ledger's lock is held. Anything else is an error, and the append's transaction with it.
create function eventchain.move_inline_build(
  ledger bigint, build bigint, known_position bigint, new_position bigint
) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
begin
  update eventchain.projection_builds b
     set position = e.position, hash = e.hash
    from (
      select e.position, e.hash, e.xmin as transaction
        from eventchain.events e
       where e.ledger_id = ledger and e.position between new_position and new_position order by e.position limit 1
    ) e
   where b.build_id = build and b.ledger_id = ledger
     and b.mode = 'inline' and b.state = 'live' and b.reason is null
     and b.position = known_position and e.position > b.position
     and e.transaction = pg_current_xact_id()::xid
     and b.hash = (
       select k.hash from eventchain.events k where k.ledger_id = b.ledger_id and k.position = b.position
       union all
       select l.genesis_hash from eventchain.ledgers l where l.ledger_id = b.ledger_id and b.position = 0);
  if not found then
    raise exception 'build % is no live inline projection at position %, or this transaction has not appended position %',
      build, known_position, new_position
      using errcode = 'invalid_parameter_value';
  end if;
end
$$;

revoke all on function eventchain.take_inline_builds, eventchain.move_inline_build from public;
grant execute on function eventchain.take_inline_builds, eventchain.move_inline_build
  to eventchain_writer, eventchain_handler;
