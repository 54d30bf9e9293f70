select e.position, e.stream, e.version, e.id, e.type, e.schema, to_json(e.tags) as tags,
       (extract(epoch from e.recorded_at) * 1000000)::bigint as "recordedAtMicros",
       e.data::text as data, e.salt, e.data_hash as "dataHash",
       e.metadata::text as metadata, e.meta_salt as "metaSalt", e.meta_hash as "metaHash",
       e.content_hash as "contentHash", e.prev_hash as "prevHash", e.hash
from eventchain.events e
where e.ledger_id = $1::bigint and e.position = any ($2::bigint[])
order by e.position desc
