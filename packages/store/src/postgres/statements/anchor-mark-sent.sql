update eventchain.anchors
set state = 'sent', sent_at = clock_timestamp(), error = $2::text
where anchor_id = $1::bigint and state in ('prepared', 'sent', 'reorged')
