-- To be run again so long from now, or at an instant that is still to come.
update eventchain.reaction_tasks t
set state = 'waiting', lease = null, lease_until = null, attempts = t.attempts - $6::int, error = coalesce($7::text, t.error),
    due_at = case when $9::bigint is null then clock_timestamp() + $8::bigint * interval '1 millisecond'
                  else timestamptz '1970-01-01 00:00:00+00' + $9::bigint * interval '1 microsecond' end
where t.ledger_id = $1::bigint and t.reaction = $2::text and t.position = $3::bigint and t.handler = $4::text
  and t.state = 'running' and t.lease = $5::uuid
