update eventchain.projection_builds set stopped_at = clock_timestamp(), reason = left($2::text, 4096)
where build_id = $1::bigint
