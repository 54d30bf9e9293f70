select t.level, t.tile::text as tile, t.hashes
from eventchain.log_tiles t
join unnest($2::int[], $3::bigint[]) as wanted (level, tile) on t.level = wanted.level and t.tile = wanted.tile
where t.ledger_id = $1::bigint
