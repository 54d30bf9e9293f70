-- Every ledger of the database; the one asked for is picked by the caller, who also needs the others' names.
select l.ledger_id::text, l.origin, l.genesis::text, l.genesis_hash, l.epoch::text
from eventchain.ledgers l
order by l.ledger_id
