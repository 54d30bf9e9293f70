select case when $2::bigint = 0 then l.genesis_hash else e.hash end as hash
from eventchain.ledgers l
left join eventchain.events e on e.ledger_id = l.ledger_id and e.position = $2::bigint
where l.ledger_id = $1::bigint
