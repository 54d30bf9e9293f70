select e.position, e.stream, e.version, e.id, e.type, e.schema, to_json(e.tags) as tags,
       (extract(epoch from e.recorded_at) * 1000000)::bigint as "recordedAtMicros",
       e.data::text as data, e.salt, e.data_hash as "dataHash",
       e.metadata::text as metadata, e.meta_salt as "metaSalt", e.meta_hash as "metaHash",
       e.content_hash as "contentHash", e.prev_hash as "prevHash", e.hash
from eventchain.events e
where e.ledger_id = $1::bigint and e.id = $2::uuid
  and ($3::jsonb is null or eventchain.sees(eventchain.sieve_of($3::jsonb), e.stream, e.type, e.tags))
