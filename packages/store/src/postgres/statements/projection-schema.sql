select eventchain.make_projection_schema($1::text)
