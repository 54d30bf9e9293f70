insert into eventchain.projection_dead_letters (ledger_id, name, build_id, position, type, error)
select b.ledger_id, b.name, b.build_id, $2::bigint, $3::text, left($4::text, 4096)
from eventchain.projection_builds b
where b.build_id = $1::bigint
on conflict do nothing
