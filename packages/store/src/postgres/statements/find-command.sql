select s.outcome, s.code, s.reason, s.type, s.actor, s.first_position as "firstPosition", s.last_position as "lastPosition",
       c.request_hash as "requestHash", s.state, (extract(epoch from s.at) * 1000000)::bigint as "atMicros"
from eventchain.commands c
join eventchain.command_status s using (ledger_id, command_id)
where c.ledger_id = $1::bigint and c.command_id = $2::text
