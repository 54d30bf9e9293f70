-- The tables of a schema by name: which columns the database numbers by itself, and the columns of the primary key.
select c.relname::text as name,
       (select coalesce(json_agg(a.attname order by a.attnum), '[]'::json)
          from pg_attribute a
          left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')) as numbered,
       (select coalesce(json_agg(a.attname order by a.attnum), '[]'::json)
          from pg_index i
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
         where i.indrelid = c.oid and i.indisprimary) as key
  from pg_class c
 where c.relnamespace = to_regnamespace($1::text) and c.relkind in ('r', 'p') and not c.relispartition
 order by c.relname collate "C"
