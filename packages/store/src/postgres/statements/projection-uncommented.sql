-- Tables and views of a schema that no comment says anything about.
select c.relname::text as name, case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind
from pg_catalog.pg_class c
where c.relnamespace = to_regnamespace($1::text) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
  and obj_description(c.oid, 'pg_class') is null
order by c.relname collate "C"
