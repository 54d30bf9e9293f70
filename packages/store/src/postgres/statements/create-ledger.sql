with l as (
  insert into eventchain.ledgers (origin, genesis, genesis_hash)
  values ($1::text, $2::json, sha256('\x47'::bytea || convert_to($2::text, 'UTF8')))
  on conflict (origin) do nothing
  returning *
), k as (
  insert into eventchain.log_keys (ledger_id, epoch, vkey)
  select l.ledger_id, 0, $3::text from l
), w as (
  insert into eventchain.watermarks (ledger_id)
  select l.ledger_id from l
)
select l.ledger_id as "ledgerId", l.origin, l.genesis::text as genesis, l.genesis_hash as "genesisHash",
       l.epoch::bigint as epoch, l.state, l.state_reason as "stateReason"
from l
