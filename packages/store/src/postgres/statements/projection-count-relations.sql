select count(*)::int as count
from pg_catalog.pg_class c
where c.relnamespace = to_regnamespace($1::text) and c.relkind in ('r', 'p', 'v', 'm')
