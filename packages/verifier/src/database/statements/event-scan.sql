select e.position::text, e.stream, e.version::text, e.id::text, e.type, e.schema::text, array_to_json(e.tags)::text,
       trunc(extract(epoch from e.recorded_at) * 1000000)::text,
       e.data::text, e.salt, e.data_hash, e.metadata::text, e.meta_salt, e.meta_hash, e.content_hash, e.prev_hash, e.hash
from eventchain.events e
where e.ledger_id = $1::bigint and e.position >= $2::bigint
order by e.position
