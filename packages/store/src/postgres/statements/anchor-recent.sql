select a.*
from eventchain.anchor_rows a
where a.ledger_id = $1::bigint
order by a.anchor_id desc
limit $2::int
