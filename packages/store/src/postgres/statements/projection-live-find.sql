-- The live build of a projection, and the events that it passed over.
select b.build_id as "buildId", b.version, b.position, b.definition,
       (select coalesce(json_agg(d.position::text order by d.position), '[]'::json)
          from eventchain.projection_dead_letters d where d.build_id = b.build_id) as "deadLetters"
from eventchain.projections p
join eventchain.projection_builds b on b.build_id = p.live_build
where p.ledger_id = $1::bigint and p.name = $2::text
