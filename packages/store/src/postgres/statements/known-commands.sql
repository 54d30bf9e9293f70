select command_id as "commandId" from eventchain.commands where ledger_id = $1::bigint and command_id = any ($2::text[])
