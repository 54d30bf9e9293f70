select distinct on (a.ledger_id) a.*
from eventchain.anchor_rows a
where a.chain_id = $1::bigint and a.state = 'final'
order by a.ledger_id, a.block_number desc
