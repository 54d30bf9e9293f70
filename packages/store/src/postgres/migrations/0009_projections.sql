-- Projections: how far each build of them has come, and what was set aside. A build's tables stand in a schema of its own.

-- Whom an application's SQL runs as: it owns the schemas of builds, and may do nothing in this one. Who appends may run
-- inline projections, who runs handlers all of them. Roles belong to the whole cluster: see 0004_roles.
do $$
declare
  missing boolean := false;
  wanted text;
begin
  begin
    if to_regrole('eventchain_projector') is null then
      create role eventchain_projector nologin;
    end if;
  exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then missing := to_regrole('eventchain_projector') is null;
  end;
  foreach wanted in array array['eventchain_writer', 'eventchain_handler', current_user::text] loop
    begin
      if not missing and not pg_has_role(wanted, 'eventchain_projector', 'set') then
        execute format('grant eventchain_projector to %I', wanted);
      end if;
    exception
      when unique_violation then null;
      when insufficient_privilege then missing := true;
    end;
  end loop;
  if missing then
    raise exception 'the user % may not create the role eventchain_projector, or not grant it', current_user
      using errcode = 'insufficient_privilege',
        hint = format('Let an administrator run once: create role eventchain_projector nologin; '
          || 'grant eventchain_projector to eventchain_writer, eventchain_handler, %I;', current_user);
  end if;
end
$$;

create table eventchain.projections (
  ledger_id  bigint not null references eventchain.ledgers,
  name       text collate "C" not null check (name ~ '^[a-z][a-z0-9-]{0,39}$'),
  -- Null before the first one is swapped in.
  live_build bigint,
  primary key (ledger_id, name)
);

-- Positions move in place, without an index to write: room for that is left in each page.
create table eventchain.projection_builds (
  build_id    bigint generated always as identity primary key,
  ledger_id   bigint not null,
  name        text collate "C" not null,
  version     int not null check (version >= 1),
  mode        text not null check (mode in ('inline', 'async')),
  state       text not null default 'building' check (state in ('building', 'live', 'retired')),
  schema_name text not null generated always as ('ledger_' || ledger_id::text || '_build_' || build_id::text) stored,
  -- The last event that its tables have, and its hash; 0 and the genesis hash before the first.
  position    bigint not null default 0 check (position >= 0),
  hash        bytea not null check (octet_length(hash) = 32),
  -- Why it does not go on; both null while it does.
  stopped_at  timestamptz,
  reason      text,
  created_at  timestamptz not null default clock_timestamp(),
  swapped_at  timestamptz,
  -- SHA-256 of what it was made from: a definition that changed without a higher version shows. Null: not known.
  definition  bytea check (octet_length(definition) = 32),
  -- Why its swap, or the drop of a retired one, was put off; how often in a row; and when it is tried again.
  put_off     text,
  tries       int not null default 0 check (tries >= 0),
  try_at      timestamptz,
  foreign key (ledger_id, name) references eventchain.projections,
  check ((stopped_at is null) = (reason is null))
) with (fillfactor = 50);
-- One that is retired, since another one is live, is out of the way of the next ones until its schema is dropped.
create unique index projection_builds_one_of_each on eventchain.projection_builds (ledger_id, name, state)
  where state <> 'retired';
create index projection_builds_name on eventchain.projection_builds (ledger_id, name);

alter table eventchain.projections
  add foreign key (live_build) references eventchain.projection_builds on delete set null;

-- Events that a projection could not take, and was told to pass over.
create table eventchain.projection_dead_letters (
  ledger_id bigint not null,
  name      text collate "C" not null,
  build_id  bigint not null references eventchain.projection_builds on delete cascade,
  position  bigint not null,
  type      text collate "C" not null,
  error     text not null,
  at        timestamptz not null default clock_timestamp(),
  primary key (build_id, position)
);
create index projection_dead_letters_name on eventchain.projection_dead_letters (ledger_id, name, position);

-- Makes a schema for the tables of a build or a scratch copy, or for a ledger's views: nobody else may create schemas here.
-- One for views may exist already.
create function eventchain.make_projection_schema(wanted text) returns void
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
  -- Of two that come at once the second one looks again with a query: `to_regnamespace` would answer from the session's
  -- cache, which waiting for an advisory lock does not renew.
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

-- Keeps a ledger from growing until the transaction ends: what `append_events` takes. False: there is no such ledger.
create function eventchain.hold_ledger(ledger bigint) returns boolean
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

revoke all on function eventchain.make_projection_schema, eventchain.hold_ledger from public;
-- `projectionAt` and inline projections are an application's.
grant execute on function eventchain.make_projection_schema to eventchain_writer, eventchain_handler;
grant execute on function eventchain.hold_ledger to eventchain_handler;

grant select on eventchain.projections, eventchain.projection_builds, eventchain.projection_dead_letters
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_handler;
grant insert, update, delete on eventchain.projections, eventchain.projection_builds, eventchain.projection_dead_letters
  to eventchain_handler;

-- Who appends moves inline projections with the append, by the next two functions, and no other build.

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
