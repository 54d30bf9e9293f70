-- One snapshot: how far may be read, and the first events past a position that meet a search. A page is bounded twice: by
-- a number of events, and by the bytes of their texts (but it has one event at least). A row without a position tells the
-- bound alone. Rows come in no order that the server would have to sort them for. The columns past the first three are the
-- first of decode-event-row.ts, in its order.
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
select f.bound, f.bound, cardinality(f.positions),
       p.position, p.stream, p.version, p.id, p.type, p.schema, p.tags, p.seconds, p.data, p.metadata
from found f
left join lateral (
  select e.position, e.stream, e.version, e.id, e.type, e.schema, e.tags, extract(epoch from e.recorded_at) as seconds,
         e.data, e.metadata,
         -- What is not compressed is as long as its column; to make text of it to measure it costs more than to read it.
         sum(
           coalesce(case when pg_column_compression(e.data) is null then pg_column_size(e.data)
                         else octet_length(e.data::text) end, 0)
           + coalesce(case when pg_column_compression(e.metadata) is null then pg_column_size(e.metadata)
                           else octet_length(e.metadata::text) end, 0)
         ) over (order by e.position rows between unbounded preceding and 1 preceding) as bytes_before
  from eventchain.events e
  where e.ledger_id = $1::bigint and e.position = any (f.positions)
) p on p.bytes_before is null or p.bytes_before < $6::bigint
