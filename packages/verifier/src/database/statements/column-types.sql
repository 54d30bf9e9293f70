-- Columns whose type is not the one that their binary form is read by, and those that are not there.
select w.relation, w.name
from (values
  ('events', 'ledger_id', 'bigint'), ('events', 'position', 'bigint'), ('events', 'version', 'bigint'),
  ('events', 'recorded_at', 'timestamp with time zone'), ('events', 'schema', 'integer'), ('events', 'id', 'uuid'),
  ('events', 'stream', 'text'), ('events', 'type', 'text'), ('events', 'tags', 'text[]'), ('events', 'salt', 'bytea'),
  ('events', 'data', 'json'), ('events', 'data_hash', 'bytea'), ('events', 'meta_salt', 'bytea'),
  ('events', 'metadata', 'json'), ('events', 'meta_hash', 'bytea'), ('events', 'content_hash', 'bytea'),
  ('events', 'prev_hash', 'bytea'), ('events', 'hash', 'bytea'),
  ('event_tags', 'ledger_id', 'bigint'), ('event_tags', 'position', 'bigint'), ('event_tags', 'tag', 'text'),
  ('event_tags', 'type', 'text'),
  ('commands', 'ledger_id', 'bigint'), ('commands', 'command_id', 'text'), ('commands', 'first_position', 'bigint'),
  ('commands', 'last_position', 'bigint'), ('commands', 'outcome', 'text'), ('commands', 'code', 'text'),
  ('commands', 'type', 'text'), ('commands', 'actor', 'text')
) w (relation, name, type)
left join pg_attribute a
  on a.attrelid = to_regclass('eventchain.' || w.relation) and a.attname = w.name and not a.attisdropped
where a.atttypid is null or format_type(a.atttypid, null) <> w.type
union all
-- Texts would come in another encoding.
select 'server', 'encoding' where getdatabaseencoding() <> 'UTF8'
