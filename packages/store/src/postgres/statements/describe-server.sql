select current_setting('server_version_num')::int as version, getdatabaseencoding()::text as encoding
