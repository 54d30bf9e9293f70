-- Whoever holds a ledger keeps its appends waiting: one that has stopped dead gives it back soon. From the left: the limit first.
select set_config('idle_in_transaction_session_timeout', '10s', true), eventchain.hold_ledger($1::bigint)
