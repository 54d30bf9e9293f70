-- All tiles' hashes stand in one value: an array of values would be sent, and read, as text.
insert into eventchain.log_tiles (ledger_id, level, tile, hashes)
select $1::bigint, t.level, t.tile, substring($4::bytea from t.first for t.length)
from unnest($2::int[], $3::bigint[], $5::int[], $6::int[]) as t (level, tile, first, length)
on conflict (ledger_id, level, tile) do update set hashes = excluded.hashes
