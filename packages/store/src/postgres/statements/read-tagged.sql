-- From one tag's positions in order; the other tags and the rest are probed for each.
select e.position, e.stream, e.version, e.id, e.type, e.schema, to_json(e.tags) as tags,
       (extract(epoch from e.recorded_at) * 1000000)::bigint as "recordedAtMicros",
       e.data::text as data, e.salt, e.data_hash as "dataHash",
       e.metadata::text as metadata, e.meta_salt as "metaSalt", e.meta_hash as "metaHash",
       e.content_hash as "contentHash", e.prev_hash as "prevHash", e.hash
from eventchain.event_tags t
join eventchain.events e on e.ledger_id = t.ledger_id and e.position = t.position
where t.ledger_id = $1::bigint and t.tag = $13::text and t.position > $2::bigint and t.position <= $3::bigint
  and e.tags @> $12::text[]
  and ($4::text[] is null or e.stream = any ($4::text[]))
  and ($5::text[] is null or e.type = any ($5::text[]))
  and ($6::text is null or e.metadata ->> 'actor' = $6::text)
  and ($7::text is null or e.metadata ->> 'ip' = $7::text)
  and ($8::text is null or e.metadata ->> 'correlationId' = $8::text)
  and ($9::timestamptz is null or e.recorded_at >= $9::timestamptz)
  and ($10::timestamptz is null or e.recorded_at < $10::timestamptz)
order by t.position
limit $11::int
