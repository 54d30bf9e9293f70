-- The columns' order is that of event-rows.ts.
copy (
  select e.position, e.version, e.recorded_at, e.id, e.schema, e.stream, e.type, e.tags, e.salt, e.data, e.meta_salt, e.metadata,
         e.data_hash, e.meta_hash, e.content_hash, e.prev_hash, e.hash
  from eventchain.events e
  where e.ledger_id = current_setting('eventchain.seal_ledger')::bigint
    and e.position > current_setting('eventchain.seal_after')::bigint
    and e.position <= current_setting('eventchain.seal_to')::bigint
  order by e.position
) to stdout (format binary)
