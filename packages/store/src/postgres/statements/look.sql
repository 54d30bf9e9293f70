-- One statement, one snapshot: the head, and each context's first page up to it. A row without a context tells the head.
with head as materialized (
  select coalesce((
    select e.position from eventchain.events e where e.ledger_id = l.ledger_id order by e.position desc limit 1
  ), 0) as position
  from eventchain.ledgers l
  where l.ledger_id = $1::bigint
)
select h.position as "headPosition", f.context,
       e.position, e.stream, e.version, e.id, e.type, e.schema, to_json(e.tags) as tags,
       (extract(epoch from e.recorded_at) * 1000000)::bigint as "recordedAtMicros",
       e.data::text as data, e.salt, e.data_hash as "dataHash",
       e.metadata::text as metadata, e.meta_salt as "metaSalt", e.meta_hash as "metaHash",
       e.content_hash as "contentHash", e.prev_hash as "prevHash", e.hash
from head h
left join lateral (
  select c.context, p.position
  from unnest($2::int[], $3::bigint[], $4::jsonb[]) c (context, after, search)
  cross join lateral unnest(
    eventchain.find_positions($1::bigint, c.after + 1, h.position, false, $5::bigint, c.search)
  ) p (position)
) f on true
-- OFFSET 0 keeps it a look by key for each position, whatever the planner thinks of their number.
left join lateral (
  select * from eventchain.events e where e.ledger_id = $1::bigint and e.position = f.position offset 0
) e on true
order by f.context, f.position
