select coalesce(max(a.size), 0)::text
from eventchain.anchors a
where a.ledger_id = $1::bigint and a.state in ('mined', 'final')
