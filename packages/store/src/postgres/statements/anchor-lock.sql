select from eventchain.anchor_senders where chain_id = $1::bigint and sender = $2::bytea for update
