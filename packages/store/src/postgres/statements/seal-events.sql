-- A page is bounded twice: by a number of events, and by the bytes of their texts (but it has one event at least).
select p.position::text as position, p.stream, p.version::text as version, p.id::text as id, p.type, p.schema, p.tags,
       (extract(epoch from p.recorded_at) * 1000000)::bigint::text as recorded_at_micros, p.data::text as data, p.salt, p.data_hash,
       p.metadata::text as metadata, p.meta_salt, p.meta_hash, p.content_hash, p.prev_hash, p.hash
from (
  select e.*,
         sum(coalesce(octet_length(e.data::text), 0) + coalesce(octet_length(e.metadata::text), 0) + pg_column_size(e.tags))
           over (order by e.position rows between unbounded preceding and 1 preceding) as bytes_before
  from eventchain.events e
  where e.ledger_id = $1::bigint and e.position > $2::bigint and e.position <= $3::bigint
  order by e.position
  limit $4::int
) p
where p.bytes_before is null or p.bytes_before < $5::bigint
order by p.position
