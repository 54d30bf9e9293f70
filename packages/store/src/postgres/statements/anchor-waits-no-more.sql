delete from eventchain.anchor_waits
where ledger_id = $1::bigint
