delete from eventchain.projection_builds where build_id = $1::bigint
