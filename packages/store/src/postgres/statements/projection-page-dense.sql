-- As projection-page.sql, for types that most events have: it looks at one position after the other, so many at most, which
-- costs a fraction of a search where each index would find a part of them. The second column tells how far it looked, the
-- third how many bytes the events have up to this one.
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
), span as materialized (
  select b.position as bound, least(b.position, $7::bigint, $2::bigint + $8::bigint) as last
  from bound b
)
select s.bound, s.last, p.bytes,
       p.position, p.stream, p.version, p.id, p.type, p.schema, p.tags, p.seconds, p.data, p.metadata
from span s
left join lateral (
  select e.*, sum(e.own_bytes) over (order by e.position rows unbounded preceding) as bytes
  from (
    select e.position, e.stream, e.version, e.id, e.type, e.schema, e.tags, extract(epoch from e.recorded_at) as seconds,
           e.data, e.metadata,
           coalesce(case when pg_column_compression(e.data) is null then pg_column_size(e.data)
                         else octet_length(e.data::text) end, 0)
           + coalesce(case when pg_column_compression(e.metadata) is null then pg_column_size(e.metadata)
                           else octet_length(e.metadata::text) end, 0) as own_bytes
    from eventchain.events e
    -- No index of types may come between: what it found would have to be sorted.
    where e.ledger_id = $1::bigint and e.position > $2::bigint and e.position <= s.last
      and array_position($4::text[], e.type) is not null
    order by e.position
    limit $5::bigint
  ) e
) p on p.bytes - p.own_bytes < $6::bigint
