select eventchain.hold_ledger($1::bigint)
