select d.build_id as "buildId", d.position, d.type, d.error, (extract(epoch from d.at) * 1000000)::bigint as "atMicros"
from eventchain.projection_dead_letters d
join eventchain.projection_builds b on b.build_id = d.build_id and b.state <> 'retired'
where d.ledger_id = $1::bigint and d.name = $2::text
order by d.position, d.build_id
