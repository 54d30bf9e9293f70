select c.chain_id::text as chain_id, c.genesis_hash, c.contract, c.onchain_id, c.owner, c.opened_block::text as opened_block
from eventchain.ledger_contracts c
where c.ledger_id = $1::bigint
