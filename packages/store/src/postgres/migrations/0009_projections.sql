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
  state       text not null default 'building' check (state in ('building', 'live')),
  schema_name text not null generated always as ('ledger_' || ledger_id::text || '_build_' || build_id::text) stored,
  -- The last event that its tables have, and its hash; 0 and the genesis hash before the first.
  position    bigint not null default 0 check (position >= 0),
  hash        bytea not null check (octet_length(hash) = 32),
  -- Why it does not go on; both null while it does.
  stopped_at  timestamptz,
  reason      text,
  created_at  timestamptz not null default clock_timestamp(),
  swapped_at  timestamptz,
  foreign key (ledger_id, name) references eventchain.projections,
  check ((stopped_at is null) = (reason is null))
) with (fillfactor = 50);
create unique index projection_builds_one_of_each on eventchain.projection_builds (ledger_id, name, state);

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
  if to_regnamespace(wanted) is not null then
    return;
  end if;
  -- Two that come at once: the second one finds it.
  perform pg_advisory_xact_lock(hashtextextended('eventchain ' || wanted, 0));
  if to_regnamespace(wanted) is not null then
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
-- What an inline projection moves with its append.
grant update (position, hash) on eventchain.projection_builds to eventchain_writer;
