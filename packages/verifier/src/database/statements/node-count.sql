select count(*)::text
from eventchain.log_tiles t
where t.ledger_id = $1::bigint and t.level <> -1
