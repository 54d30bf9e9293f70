select t.tile::text, t.hashes
from eventchain.log_tiles t
where t.ledger_id = $1::bigint and t.level = -1
order by t.tile
