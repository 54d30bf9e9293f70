select eventchain.move_inline_build($1::bigint, $2::bigint, $3::bigint, $4::bigint)
