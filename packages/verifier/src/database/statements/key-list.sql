select k.epoch::text, k.vkey
from eventchain.log_keys k
where k.ledger_id = $1::bigint
order by k.epoch
