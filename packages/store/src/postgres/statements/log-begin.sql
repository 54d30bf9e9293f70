-- All hold until the transaction ends. A lock that is not to be had in time is asked for again by the next look.
select set_config('idle_in_transaction_session_timeout', $1::text, true),
       set_config('lock_timeout', '30s', true),
       set_config('synchronous_commit', case when current_setting('synchronous_commit') in ('off', 'local') then 'on'
                                             else current_setting('synchronous_commit') end, true)
