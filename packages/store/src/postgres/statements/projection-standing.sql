select pg_catalog.pg_current_xact_id()::text as transaction, current_user::text as "user",
       pg_catalog.current_setting('role') as role, pg_catalog.current_setting('search_path') as path,
       pg_catalog.pg_my_temp_schema()::text as temporary
