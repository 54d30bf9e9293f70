-- All hold until the transaction ends. What a crash of the server forgets of leases, and of runs that ended, is run again,
-- as every run may be: nobody waits for the disk. Few rows are sought, each by an index, however little the planner knows
-- of a table that fills and empties.
select set_config('idle_in_transaction_session_timeout', $1::text, true),
       set_config('lock_timeout', '30s', true),
       set_config('synchronous_commit', 'off', true),
       set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true)
