select t.tile::text, t.hashes
from eventchain.log_tiles t
where t.ledger_id = $1::bigint and t.level = -1 and t.tile between $2::bigint and $3::bigint
order by t.tile
