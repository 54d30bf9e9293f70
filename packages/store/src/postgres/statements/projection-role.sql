-- For the rest of the transaction, or until the next call. Gives how it stood before.
with before as materialized (
  select pg_current_xact_id()::text as transaction, current_user::text as "user", current_setting('role') as role,
         current_setting('search_path') as path,
         current_setting('statement_timeout') as timeout, pg_my_temp_schema()::text as temporary
)
select b.*, set_config('role', $1::text, true), set_config('search_path', $2::text, true),
       set_config('statement_timeout', coalesce($3::text, b.timeout), true)
from before b
