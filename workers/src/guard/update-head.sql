update eventchain_guard.heads
set size = $2::bigint, root = $3::bytea, written_at = clock_timestamp()
where origin = $1::text and size = $4::bigint and root = $5::bytea
