select t.hashes
from eventchain.log_tiles t
where t.ledger_id = $1::bigint and t.level = $2::int and t.tile = $3::bigint
