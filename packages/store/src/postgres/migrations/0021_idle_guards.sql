-- Whatever takes a ledger's lock bounds first, as append_events does, how long its transaction may idle with it: also where
-- the answer is that nothing is to be done. Nothing else of these three functions changes.

create or replace function eventchain.take_snapshot(
  ledger bigint, branch_name text, of_name text, at_position bigint, at_version bigint, schema_version int,
  state_text text, state_salt bytea,
  event_id uuid, event_salt bytea, event_metadata text, event_meta_salt bytea
) returns table (
  outcome text, event_position bigint, state_hash bytea, taken_at_micros bigint, code text, message text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  problem text;
  found_event record;
  appended record;
begin
  problem := case
    when num_nulls(branch_name, of_name, at_position, schema_version, state_text, state_salt) > 0
      then 'invalid-argument|a part of a snapshot is missing'
    when octet_length(branch_name) not between 1 and 500 then 'invalid-name|a branch has 1 to 500 bytes of UTF-8'
    when octet_length(of_name) not between 1 and 512
      then 'invalid-name|what a snapshot is of has a name of 1 to 512 bytes of UTF-8'
    when schema_version < 1 then 'invalid-argument|a schema version is at least 1'
    when at_position < 1 or at_version not between 1 and at_position
      then 'invalid-argument|a snapshot is of a position and a version from 1 on'
    when octet_length(state_salt) <> 32 then 'invalid-argument|the salt of a state has 32 bytes'
    when octet_length(state_text) > 16777216 then 'too-large|a state has at most 16,777,216 bytes'
    when state_text is not json with unique keys then 'invalid-json|a state is JSON with unique keys'
  end;
  if problem is null and octet_length(state_text) - octet_length(translate(state_text, '[{', '')) > 1000
     and jsonb_path_exists(state_text::jsonb, 'strict $.**{1000 to last} ? (@.type() == "object" || @.type() == "array")')
  then
    problem := 'too-large|a state is nested deeper than 1,000 levels';
  end if;

  -- Once without the lock, and once under it: racers of one snapshot come to one event.
  for round in 1 .. 2 loop
    exit when problem is not null;
    select s.event_position, eventchain.state_hash(s.salt, s.state::text) as hash,
           (extract(epoch from s.taken_at) * 1000000)::bigint as micros
      into found_event
      from eventchain.snapshots s
     where s.ledger_id = ledger and s.branch = branch_name and s.position = at_position and s.schema = schema_version;
    if found_event.event_position is not null then
      outcome := 'known';
      event_position := found_event.event_position;
      state_hash := found_event.hash;
      taken_at_micros := found_event.micros;
      return next;
      return;
    end if;
    if current_setting('idle_in_transaction_session_timeout') = '0' then
      perform set_config('idle_in_transaction_session_timeout', '10s', true);
    end if;
    perform from eventchain.ledgers l where round = 1 and l.ledger_id = ledger for no key update;
  end loop;

  if problem is null and at_version is not null and not exists (
    select from (
      select e.position from eventchain.events e
       where e.ledger_id = ledger and e.stream = of_name and e.version between at_version and at_version
       order by e.version limit 1
    ) e where e.position = at_position
  ) then
    problem := 'invalid-argument|the stream has not this version at this position';
  end if;
  if problem is null and at_version is null and not exists (
    select from eventchain.events e
     where e.ledger_id = ledger and e.position between at_position and at_position order by e.position limit 1
  ) then
    problem := 'invalid-argument|the position is past the head of the ledger';
  end if;

  if problem is null then
    state_hash := eventchain.state_hash(state_salt, state_text);
    select a.* into appended from eventchain.append_system_event(
      ledger, '$snapshot/' || branch_name, '$SnapshotTaken',
      '{"branch":' || to_json(branch_name)::text || ',"of":' || to_json(of_name)::text
        || ',"position":"' || at_position || '","schema":' || schema_version
        || ',"stateHash":"' || encode(state_hash, 'hex') || '"'
        || coalesce(',"version":"' || at_version || '"', '') || '}',
      event_id, event_salt, event_metadata, event_meta_salt) a;
    problem := appended.problem;
  end if;
  if problem is not null then
    if exists (select from eventchain.ledgers l where l.ledger_id = ledger) then
      outcome := 'refused';
      state_hash := null;
      code := split_part(problem, '|', 1);
      message := substr(problem, length(code) + 2);
      return next;
    end if;
    return;
  end if;
  if appended.position is null then
    return;
  end if;
  insert into eventchain.snapshots (ledger_id, branch, position, schema, of, version, state, salt, event_position, taken_at)
    values (ledger, branch_name, at_position, schema_version, of_name, at_version, state_text::json, state_salt,
      appended.position, appended.recorded_at);
  outcome := 'taken';
  event_position := appended.position;
  taken_at_micros := (extract(epoch from appended.recorded_at) * 1000000)::bigint;
  return next;
end
$$;

create or replace function eventchain.switch_handler(
  ledger bigint, handler_name text, is_enabled boolean, switched_by text,
  event_id uuid, event_salt bytea, event_metadata text, event_meta_salt bytea
) returns table (
  outcome text, enabled boolean, "by" text, "position" bigint, at_micros bigint, code text, message text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  problem text;
  known record;
  appended record;
begin
  problem := case
    when num_nulls(handler_name, is_enabled, switched_by) > 0 then 'invalid-argument|a part of the switch is missing'
    when octet_length(handler_name) not between 1 and 512
      then 'invalid-name|a handler''s name has 1 to 512 bytes of UTF-8'
    when octet_length(switched_by) not between 1 and 512
      then 'invalid-argument|who switches has a name of 1 to 512 bytes of UTF-8'
  end;
  if problem is null then
    if current_setting('idle_in_transaction_session_timeout') = '0' then
      perform set_config('idle_in_transaction_session_timeout', '10s', true);
    end if;
    perform from eventchain.ledgers l where l.ledger_id = ledger for no key update;
    if not found then
      return;
    end if;
    select h.enabled, h."by", h.position, (extract(epoch from h.at) * 1000000)::bigint as micros into known
      from eventchain.handlers h where h.ledger_id = ledger and h.handler = handler_name;
    if coalesce(known.enabled, true) = is_enabled then
      outcome := 'unchanged';
      enabled := is_enabled;
      "by" := known."by";
      position := known.position;
      at_micros := known.micros;
      return next;
      return;
    end if;
    select a.* into appended from eventchain.append_system_event(
      ledger, '$handlers', '$HandlerSwitched',
      '{"by":' || to_json(switched_by)::text || ',"enabled":' || is_enabled::text
        || ',"handler":' || to_json(handler_name)::text || '}',
      event_id, event_salt, event_metadata, event_meta_salt) a;
    problem := appended.problem;
  elsif not exists (select from eventchain.ledgers l where l.ledger_id = ledger) then
    return;
  end if;
  if problem is not null then
    outcome := 'refused';
    code := split_part(problem, '|', 1);
    message := substr(problem, length(code) + 2);
    return next;
    return;
  end if;
  insert into eventchain.handlers (ledger_id, handler, enabled, by, position, at)
    values (ledger, handler_name, is_enabled, switched_by, appended.position, appended.recorded_at)
    on conflict (ledger_id, handler) do update
      set enabled = excluded.enabled, by = excluded.by, position = excluded.position, at = excluded.at;
  outcome := 'switched';
  enabled := is_enabled;
  "by" := switched_by;
  position := appended.position;
  at_micros := (extract(epoch from appended.recorded_at) * 1000000)::bigint;
  return next;
end
$$;

create or replace function eventchain.hold_ledger(ledger bigint) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('idle_in_transaction_session_timeout') = '0' then
    perform set_config('idle_in_transaction_session_timeout', '10s', true);
  end if;
  perform from eventchain.ledgers l where l.ledger_id = ledger for no key update;
  return found;
end
$$;
