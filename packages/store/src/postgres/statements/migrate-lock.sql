select pg_advisory_xact_lock(hashtextextended('eventchain.migrations', 0::bigint))
