-- One snapshot: how far may be read, and the first events past a position that meet a search. A page is bounded twice: by
-- a number of events, and by the bytes of their texts (but it has one event at least). A row without a position tells the
-- bound alone.
with bound as materialized (
  select case $3::text
           when 'appended' then coalesce((
             select e.position from eventchain.events e where e.ledger_id = w.ledger_id order by e.position desc limit 1
           ), 0)
           when 'sealed' then w.sealed_size
           else w.final_size
         end as position
  from eventchain.watermarks w
  where w.ledger_id = $1::bigint
), found as materialized (
  select b.position as bound,
         eventchain.find_positions($1::bigint, $2::bigint + 1, least(b.position, $7::bigint), false, $5::bigint, $4::jsonb) as positions
  from bound b
)
select f.bound, cardinality(f.positions) as found,
       p.position, p.stream, p.version, p.id, p.type, p.schema, p.tags, p."recordedAtMicros", p.data, p.metadata
from found f
left join lateral (
  select e.position, e.stream, e.version, e.id, e.type, e.schema, to_json(e.tags) as tags,
         (extract(epoch from e.recorded_at) * 1000000)::bigint as "recordedAtMicros",
         e.data, e.metadata,
         sum(coalesce(octet_length(e.data::text), 0) + coalesce(octet_length(e.metadata::text), 0))
           over (order by e.position rows between unbounded preceding and 1 preceding) as bytes_before
  from eventchain.events e
  where e.ledger_id = $1::bigint and e.position = any (f.positions)
) p on p.bytes_before is null or p.bytes_before < $6::bigint
order by p.position
