select a.*
from eventchain.anchor_rows a
where a.ledger_id = $1::bigint and a.size >= $2::bigint and a.state in ('mined', 'final')
order by a.size
limit 1
