-- The numbers stand for what COPY takes no parameters for. Columns in their own binary form; `column-types.sql` says which.
copy (
  select e.position, e.version, e.recorded_at, e.schema, e.id, e.stream, e.type, e.tags, e.salt, e.data, e.data_hash,
         e.meta_salt, e.metadata, e.meta_hash, e.content_hash, e.prev_hash, e.hash
  from eventchain.events e
  where e.ledger_id = $1 and e.position >= $2 and e.position <= $3
  order by e.position
) to stdout (format binary)
