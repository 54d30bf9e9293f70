-- Until the transaction ends: who takes, takes in or finishes tasks of a reaction in the order of its streams takes turns.
select pg_advisory_xact_lock(hashtextextended('eventchain reaction ' || $1::bigint || ' ' || $2::text, 0))
