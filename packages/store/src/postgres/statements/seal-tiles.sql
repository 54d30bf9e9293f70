insert into eventchain.log_tiles (ledger_id, level, tile, hashes)
select $1::bigint, t.level, t.tile, t.hashes
from unnest($2::int[], $3::bigint[], $4::bytea[]) as t (level, tile, hashes)
on conflict (ledger_id, level, tile) do update set hashes = excluded.hashes
