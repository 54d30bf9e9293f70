select b.build_id from eventchain.projection_builds b where b.build_id = $1::bigint and b.state <> 'retired'
