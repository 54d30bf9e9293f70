-- In the order of the events that commit to them.
select s.event_position::text, s.branch, s.position::text, s.version::text, s.of, s.schema::text, s.state::text, s.salt
from eventchain.snapshots s
where s.ledger_id = $1::bigint and s.event_position >= $2::bigint
order by s.event_position, s.branch, s.position, s.schema
