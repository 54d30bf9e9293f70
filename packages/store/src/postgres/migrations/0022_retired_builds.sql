-- A swap only replaces views: the build that was live until then is retired, and its schema is dropped by a transaction of
-- its own once nobody reads it.
alter table eventchain.projection_builds
  drop constraint projection_builds_state_check,
  add constraint projection_builds_state_check check (state in ('building', 'live', 'retired')),
  -- Why its swap, or the drop of a retired one, was put off; how often in a row; and when it is tried again.
  add column put_off text,
  add column tries   int not null default 0 check (tries >= 0),
  add column try_at  timestamptz;

-- One that is retired is out of the way of the next ones.
drop index eventchain.projection_builds_one_of_each;
create unique index projection_builds_one_of_each on eventchain.projection_builds (ledger_id, name, state)
  where state <> 'retired';
create index projection_builds_name on eventchain.projection_builds (ledger_id, name);
