select w.stream from eventchain.snapshot_waits w
where w.ledger_id = $1::bigint and w.rule = $2::text and w.due_at <= timestamptz 'epoch' + $3::bigint * interval '1 microsecond'
order by w.due_at, w.stream limit $4::bigint
