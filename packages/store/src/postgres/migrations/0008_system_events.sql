-- What the ledger records about itself: snapshots, and handlers that are switched on and off.

-- Who runs an application's handlers (projections, reactions, snapshots): reads, appends, and what the tables of
-- handlers ask for. Roles belong to the whole cluster: see 0004_roles.
do $$
declare
  missing boolean := false;
begin
  begin
    if to_regrole('eventchain_handler') is null then
      create role eventchain_handler nologin;
    end if;
  exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then missing := to_regrole('eventchain_handler') is null;
  end;
  if missing then
    raise exception 'the user % may not create the role eventchain_handler', current_user
      using errcode = 'insufficient_privilege',
        hint = 'Let an administrator run once: create role eventchain_handler nologin;';
  end if;
end
$$;

-- States, each committed to by the `$SnapshotTaken` event at `event_position`. A row is worth nothing without it: who
-- reads one recomputes the event's `stateHash` from `salt` and the text of `state`.
create table eventchain.snapshots (
  ledger_id      bigint not null references eventchain.ledgers,
  branch         text collate "C" not null check (octet_length(branch) between 1 and 500),
  position       bigint not null check (position >= 1),
  -- The version of the model.
  schema         int not null check (schema >= 1),
  -- The stream, or the name of the query or projection.
  of             text collate "C" not null,
  -- Of the stream, at `position`; null where it is not of a stream.
  version        bigint check (version >= 1),
  -- JCS text.
  state          json not null,
  salt           bytea not null check (octet_length(salt) = 32),
  event_position bigint not null,
  taken_at       timestamptz not null,
  primary key (ledger_id, branch, position, schema)
);
-- The newest up to a stream's version, in a branch that is long: the key has positions only.
create index snapshots_version on eventchain.snapshots (ledger_id, branch, schema, version, position)
  where version is not null;

-- How each handler was switched last. No row: it was never switched, and is on.
create table eventchain.handlers (
  ledger_id bigint not null references eventchain.ledgers,
  handler   text collate "C" not null,
  enabled   boolean not null,
  by        text not null,
  -- Of the `$HandlerSwitched` event.
  position  bigint not null,
  at        timestamptz not null,
  primary key (ledger_id, handler)
);

-- Appends one of the ledger's own events, with the checks and hashes of `append_events`. Its type, stream and data are
-- the caller's to compose: functions of this schema only. Gives no row where there is no such ledger; else the event's
-- place, or why it is refused, as "code|message" in `problem`.
--
-- Takes the ledger's lock, which is held to the end of the transaction.
create function eventchain.append_system_event(
  ledger bigint, stream_name text, event_type text, event_data text,
  event_id uuid, salt bytea, event_metadata text, meta_salt bytea
) returns table (problem text, "position" bigint, recorded_at timestamptz)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  target record;
  head record;
  newest_version bigint;
  micros bigint;
  data_hash bytea := sha256('\x44'::bytea || salt || convert_to(event_data, 'UTF8'));
  meta_hash bytea := sha256('\x4d'::bytea || meta_salt || convert_to(event_metadata, 'UTF8'));
  content_hash bytea;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'appends run at read committed, not at %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;
  problem := case
    when num_nulls(stream_name, event_type, event_data, event_id, salt, event_metadata, meta_salt) > 0
      then 'invalid-argument|a part of an event is missing'
    when octet_length(stream_name) not between 1 and 512
      then 'invalid-name|a stream''s name has 1 to 512 bytes of UTF-8'
    -- RFC 9562, as in append_events.
    when substr(event_id::text, 15, 1) <> '7' or substr(event_id::text, 20, 1) not in ('8', '9', 'a', 'b')
      then 'invalid-argument|an event id is a UUIDv7'
    when octet_length(salt) <> 16 or octet_length(meta_salt) <> 16 then 'invalid-argument|a salt has 16 bytes'
    else coalesce(
      eventchain.object_problem('data', event_data),
      case when octet_length(event_metadata) > 1048576 then 'too-large|metadata has at most 1,048,576 bytes' end,
      eventchain.object_problem('metadata', event_metadata))
  end;
  -- Of texts that are known to be objects.
  if problem is null then
    problem := case
      when eventchain.has_reserved_keys(event_metadata)
        then 'invalid-name|metadata keys that begin with $ belong to the ledger'
      when eventchain.metadata_command(event_metadata) is not null
        then 'invalid-argument|metadata.commandId is absent without a command'
    end;
  end if;
  if problem is not null then
    return next;
    return;
  end if;

  if current_setting('idle_in_transaction_session_timeout') = '0' then
    perform set_config('idle_in_transaction_session_timeout', '10s', true);
  end if;
  select l.origin, l.genesis_hash, l.state, l.state_reason into target
    from eventchain.ledgers l where l.ledger_id = ledger for no key update;
  if target.origin is null then
    return;
  end if;
  if target.state <> 'open' then
    problem := 'ledger-halted|' || coalesce(target.state_reason, 'the ledger is halted');
    return next;
    return;
  end if;
  if exists (
    select from eventchain.events e
     where e.ledger_id = ledger and e.id between event_id and event_id order by e.id limit 1
  ) then
    problem := 'duplicate-id|an event with this id is recorded already';
    return next;
    return;
  end if;

  select e.position, e.hash, e.recorded_at into head
    from eventchain.events e where e.ledger_id = ledger order by e.position desc limit 1;
  select e.version into newest_version
    from eventchain.events e where e.ledger_id = ledger and e.stream = stream_name order by e.version desc limit 1;
  newest_version := coalesce(newest_version, 0) + 1;
  position := coalesce(head.position, 0) + 1;
  recorded_at := greatest(clock_timestamp(), head.recorded_at);
  micros := (extract(epoch from recorded_at) * 1000000)::bigint;
  content_hash := sha256(convert_to(
    '{"data":"' || encode(data_hash, 'hex') || '","id":"' || event_id::text || '","ledger":'
    || to_json(target.origin)::text || ',"meta":"' || encode(meta_hash, 'hex') || '","schema":1,"stream":'
    || to_json(stream_name)::text || ',"tags":[],"type":' || to_json(event_type)::text || '}', 'UTF8'));
  insert into eventchain.events (ledger_id, position, version, recorded_at, id, schema, stream, type, tags,
      data, salt, data_hash, metadata, meta_salt, meta_hash, content_hash, prev_hash, hash)
    values (ledger, position, newest_version, recorded_at, event_id, 1, stream_name, event_type, '{}',
      event_data::json, salt, data_hash, event_metadata::json, meta_salt, meta_hash, content_hash,
      coalesce(head.hash, target.genesis_hash),
      sha256('\x45'::bytea || coalesce(head.hash, target.genesis_hash) || int8send(position)
        || int8send(newest_version) || int8send(micros) || content_hash));
  return next;
end
$$;

-- H(0x53 || salt || state): what a snapshot's event commits to.
create function eventchain.state_hash(salt bytea, state text) returns bytea
language sql immutable parallel safe
return sha256('\x53'::bytea || salt || convert_to(state, 'UTF8'));

-- Takes a snapshot: a `$SnapshotTaken` event in the stream `$snapshot/<branch>`, and the row that it commits to. Gives
-- 'taken', or 'known' where the branch has one of this schema at this position (nothing is written), or 'refused' (code,
-- message). No row: there is no such ledger.
--
-- Durable effects: one commit, the caller's: event and row. Before it there is neither; after it a second call finds the row.
create function eventchain.take_snapshot(
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

-- Switches a handler: a `$HandlerSwitched` event in the stream `$handlers`, and its row. Gives 'switched', or 'unchanged'
-- where it is so already (one that was never switched is on), with how it was switched last, if ever; or 'refused' (code,
-- message). No row: there is no such ledger.
--
-- Durable effects: one commit, the caller's: event and row. Before it there is neither; after it a second call is
-- 'unchanged'.
create function eventchain.switch_handler(
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

revoke all on function eventchain.append_system_event, eventchain.state_hash, eventchain.take_snapshot,
  eventchain.switch_handler from public;

grant usage on schema eventchain to eventchain_handler;
grant select on all tables in schema eventchain to eventchain_handler;
grant select on eventchain.snapshots, eventchain.handlers
  to eventchain_writer, eventchain_reader, eventchain_sealer;
grant execute on function eventchain.sieve_of, eventchain.sees, eventchain.find_positions, eventchain.count_positions,
  eventchain.append_events, eventchain.keep_schemas to eventchain_handler;
grant execute on function eventchain.take_snapshot, eventchain.switch_handler
  to eventchain_writer, eventchain_handler;

-- The workers of an app's handlers read whole ledgers, as the applications do.
alter policy whole on eventchain.events
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;
alter policy whole on eventchain.event_tags
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;
alter policy whole on eventchain.commands
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;

-- As in 0007_queries, but that they are not restricted either.
create or replace function eventchain.restriction_on(ledger bigint) returns jsonb
language plpgsql stable
as $$
declare
  caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
  if pg_has_role(caller, 'eventchain_writer', 'usage') or pg_has_role(caller, 'eventchain_reader', 'usage')
     or pg_has_role(caller, 'eventchain_sealer', 'usage') or pg_has_role(caller, 'eventchain_handler', 'usage')
     or pg_has_role(caller, current_user, 'usage') then
    return null;
  end if;
  if current_setting('eventchain.ledger', true) = ledger::text then
    return nullif(coalesce(nullif(current_setting('eventchain.access', true), '')::jsonb, '{}'), '"all"');
  end if;
  return '{}';
end
$$;
