-- The newest snapshot up to a stream's version, in a branch that is long: the key has positions only.
create index snapshots_version on eventchain.snapshots (ledger_id, branch, schema, version, position)
  where version is not null;

-- Of a rule of a projection: how many of its events stand up to `position` since the last snapshot.
alter table eventchain.snapshot_cursors add column counted bigint not null default 0 check (counted >= 0);
grant update (counted) on eventchain.snapshot_cursors to eventchain_handler;
