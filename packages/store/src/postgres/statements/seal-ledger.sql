select l.ledger_id::text as ledger_id, l.origin, l.genesis::text as genesis, l.genesis_hash, l.epoch, l.state, l.state_reason,
       coalesce((
         select e.position
         from eventchain.events e
         where e.ledger_id = l.ledger_id
         order by e.position desc
         limit 1
       ), 0)::text as head_position
from eventchain.ledgers l
where l.ledger_id = $1::bigint
