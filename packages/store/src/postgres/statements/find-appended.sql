-- For each request, by the id of its first event and the number of its events: what stands there, if it stands there.
select f.request::int as request, e.position, e.stream, e.version, e.id, e.hash, (extract(epoch from e.recorded_at) * 1000000)::bigint as "recordedAtMicros"
from unnest($2::uuid[], $3::int[]) with ordinality as f (id, count, request)
cross join lateral (
  select position from eventchain.events where ledger_id = $1::bigint and id = f.id limit 1
) first
join eventchain.events e on e.ledger_id = $1::bigint and e.position between first.position and first.position + f.count - 1
order by f.request, e.position
