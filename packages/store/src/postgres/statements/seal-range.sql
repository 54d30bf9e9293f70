-- COPY takes no parameters: what seal-events.sql is to copy stands in settings that end with the transaction.
select set_config('eventchain.seal_ledger', $1::bigint::text, true),
       set_config('eventchain.seal_after', $2::bigint::text, true),
       set_config('eventchain.seal_to', $3::bigint::text, true)
