select e.position, e.stream, e.version, e.id, e.hash, (extract(epoch from e.recorded_at) * 1000000)::bigint as "recordedAtMicros"
from eventchain.events e
where e.ledger_id = $1::bigint and e.position between $2::bigint and $3::bigint
order by e.position
