select a.code, a.message, (extract(epoch from a.raised_at) * 1000)::bigint::text as raised_at_ms
from eventchain.alarms a
where a.ledger_id = $1::bigint and a.cleared_at is null
order by a.alarm_id
