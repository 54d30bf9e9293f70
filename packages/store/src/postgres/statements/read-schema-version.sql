select current_setting('server_version_num')::int as version, getdatabaseencoding()::text as encoding,
       (select coalesce(max(m.version), 0) from eventchain.migrations m) as migrated
