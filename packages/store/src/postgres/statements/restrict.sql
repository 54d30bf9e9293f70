select eventchain.restrict($1::bigint, $2::jsonb)
