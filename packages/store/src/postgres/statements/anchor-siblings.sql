select a.*
from eventchain.anchor_rows a
where a.chain_id = $1::bigint and a.sender = $2::bytea and a.nonce = $3::bigint and a.anchor_id <> $4::bigint and a.state = 'replaced'
order by a.anchor_id
