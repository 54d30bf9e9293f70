update eventchain.anchors
set state = 'replaced'
where anchor_id = $1::bigint and state in ('prepared', 'sent', 'reorged')
