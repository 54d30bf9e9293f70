select pg_advisory_xact_lock(hashtextextended('eventchain anchor ' || $1::bigint::text || ' ' || encode($2::bytea, 'hex'), 0))
