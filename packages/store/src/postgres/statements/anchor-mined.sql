select a.*
from eventchain.anchor_rows a
where a.chain_id = $1::bigint and a.state = 'mined'
order by a.block_number, a.anchor_id
