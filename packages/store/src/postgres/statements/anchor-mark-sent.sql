update eventchain.anchors
set state = 'sent', sent_at = clock_timestamp(), error = coalesce($2::text, error)
where anchor_id = $1::bigint and state in ('prepared', 'sent', 'reorged')
