update eventchain.watermarks
set final_size = greatest(final_size, $2::bigint), anchored_size = greatest(anchored_size, $2::bigint)
where ledger_id = $1::bigint
