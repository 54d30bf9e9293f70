select coalesce(e.position, 0) as position, coalesce(e.hash, l.genesis_hash) as hash
from eventchain.ledgers l
left join lateral (
  select position, hash from eventchain.events
  where ledger_id = l.ledger_id
  order by position desc
  limit 1
) e on true
where l.ledger_id = $1::bigint
