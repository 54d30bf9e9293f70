-- For the rest of the transaction, or until the next call.
select set_config('role', $1::text, true), set_config('search_path', $2::text, true)
