select (extract(epoch from w.due_at) * 1000000)::bigint as micros from eventchain.snapshot_waits w
where w.ledger_id = $1::bigint and w.rule = $2::text
order by w.due_at limit 1
