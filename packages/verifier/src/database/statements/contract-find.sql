select c.chain_id::text, c.genesis_hash, c.contract, c.onchain_id, c.owner
from eventchain.ledger_contracts c
where c.ledger_id = $1::bigint
