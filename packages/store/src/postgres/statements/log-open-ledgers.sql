select l.ledger_id::text as ledger_id, l.origin, l.genesis::text as genesis, l.genesis_hash, l.epoch, l.state, l.state_reason
from eventchain.ledgers l
left join eventchain.ledger_contracts c using (ledger_id)
where l.state = 'open' and ($1::bigint is null or c.chain_id = $1::bigint)
order by l.ledger_id
