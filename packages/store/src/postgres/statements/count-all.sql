-- Positions have no gap: what is in a range is counted by its ends. The ledger's own types stand together in their index.
select greatest(0, least($3::bigint, coalesce((
         select e.position from eventchain.events e where e.ledger_id = $1::bigint order by e.position desc limit 1
       ), 0)) - $2::bigint + 1) - case when $4::boolean then (
         select count(*)
         from eventchain.events e
         where e.ledger_id = $1::bigint and e.type >= '$' and e.type < '%' and e.position between $2::bigint and $3::bigint
       ) else 0 end as count
