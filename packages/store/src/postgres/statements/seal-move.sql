update eventchain.watermarks
set sealed_size = $2::bigint
where ledger_id = $1::bigint
