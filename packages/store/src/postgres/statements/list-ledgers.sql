select l.ledger_id as "ledgerId", l.origin, l.genesis::text as genesis, l.genesis_hash as "genesisHash",
       l.epoch::bigint as epoch, l.state, l.state_reason as "stateReason"
from eventchain.ledgers l
order by l.ledger_id
