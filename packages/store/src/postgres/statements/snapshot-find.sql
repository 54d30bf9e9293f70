-- For each that is wanted the newest that fits, with the event that should commit to it.
select w.n::int as n, s.branch, s.of, s.position, s.version, s.schema, s.state::text as state, s.salt,
       s.event_position as "eventPosition", (extract(epoch from s.taken_at) * 1000000)::bigint as "takenAtMicros",
       to_json(e) as event
from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[])
  with ordinality w (branch, schema, up_to_position, up_to_version, n)
cross join lateral (
  -- Two statements, as either has an index that gives its order.
  (select s.* from eventchain.snapshots s
    where w.up_to_version is null
      and s.ledger_id = $1::bigint and s.branch = w.branch and s.schema = w.schema and s.position <= w.up_to_position
    order by s.position desc limit 1)
  union all
  (select s.* from eventchain.snapshots s
    where w.up_to_version is not null
      and s.ledger_id = $1::bigint and s.branch = w.branch and s.schema = w.schema and s.version <= w.up_to_version
      and s.position <= w.up_to_position
    order by s.version desc, s.position desc limit 1)
) s
left join lateral (
  select e.position::text, e.stream, e.version::text, e.id, e.type, e.schema, e.tags,
         (extract(epoch from e.recorded_at) * 1000000)::bigint::text as "recordedAtMicros",
         e.data::text as data, encode(e.salt, 'hex') as salt, encode(e.data_hash, 'hex') as "dataHash",
         e.metadata::text as metadata, encode(e.meta_salt, 'hex') as "metaSalt", encode(e.meta_hash, 'hex') as "metaHash",
         encode(e.content_hash, 'hex') as "contentHash", encode(e.prev_hash, 'hex') as "prevHash",
         encode(e.hash, 'hex') as hash
    from eventchain.events e
   where e.ledger_id = $1::bigint and e.position between s.event_position and s.event_position
   order by e.position limit 1
) e on true
