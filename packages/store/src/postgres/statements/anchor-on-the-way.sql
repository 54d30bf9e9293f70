select count(*)::text as count
from eventchain.anchors a
where a.state in ('prepared', 'sent', 'mined', 'reorged')
