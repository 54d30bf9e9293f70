update eventchain.reaction_tasks t
set is_held = false
where t.ledger_id = $1::bigint and t.reaction = any ($2::text[]) and t.is_held
