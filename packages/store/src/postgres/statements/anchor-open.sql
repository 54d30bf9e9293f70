select a.*
from eventchain.anchor_rows a
where a.chain_id = $1::bigint and ($2::bytea is null or a.sender = $2::bytea) and a.state in ('prepared', 'sent', 'reorged')
order by a.sender, a.nonce, a.anchor_id
