select eventchain.count_positions($1::bigint, $2::bigint, $3::bigint, $4::jsonb) as count
