-- What never got its schema is begun afresh.
with again as (
  update eventchain.projection_builds set stopped_at = null, reason = null
  where ledger_id = $1::bigint and name = $2::text and reason is not null and to_regnamespace(schema_name) is not null
  returning build_id
), begun_afresh as (
  delete from eventchain.projection_builds
  where ledger_id = $1::bigint and name = $2::text and reason is not null and to_regnamespace(schema_name) is null
  returning build_id
)
select (select count(*) from again) + (select count(*) from begun_afresh) as count
