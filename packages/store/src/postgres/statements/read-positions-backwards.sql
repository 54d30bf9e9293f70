-- The columns of decode-event-row.ts, in its order; the last six for who asks for the whole event.
select e.position, e.stream, e.version, e.id, e.type, e.schema, e.tags, extract(epoch from e.recorded_at), e.data, e.metadata,
       e.hash, case when $3::boolean then e.prev_hash end, case when $3::boolean then e.content_hash end,
       case when $3::boolean then e.salt end, case when $3::boolean then e.data_hash end,
       case when $3::boolean then e.meta_salt end, case when $3::boolean then e.meta_hash end
from eventchain.events e
where e.ledger_id = $1::bigint and e.position = any ($2::bigint[])
order by e.position desc
