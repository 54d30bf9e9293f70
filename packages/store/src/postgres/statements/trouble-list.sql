select t.handler, t.state, t.reason, (extract(epoch from t.since) * 1000000)::bigint as "sinceMicros",
       (extract(epoch from t.seen_at) * 1000000)::bigint as "atMicros"
from eventchain.handler_troubles t
where t.ledger_id = $1::bigint
order by t.handler
