select a.*
from eventchain.anchor_rows a
where a.anchor_id = $1::bigint
