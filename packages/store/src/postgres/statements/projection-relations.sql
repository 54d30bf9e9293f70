-- The tables and views of a schema by name, with their columns in order, and their comments. Of a view also whom it was
-- granted to, and which schemas it reads.
select c.relname::text as name,
       c.relkind::text as kind,
       obj_description(c.oid, 'pg_class') as comment,
       (select coalesce(json_agg(json_build_object(
                 'name', a.attname,
                 'type', format_type(a.atttypid, a.atttypmod),
                 'collation', a.attcollation::text,
                 'comment', col_description(c.oid, a.attnum)) order by a.attnum), '[]'::json)
          from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select coalesce(json_agg(json_build_object(
                 'role', case when g.grantee <> 0::oid then pg_get_userbyid(g.grantee) end,
                 'privilege', g.privilege_type,
                 'grantable', g.is_grantable) order by g.grantee, g.privilege_type), '[]'::json)
          from aclexplode(c.relacl) g
         where g.grantee <> c.relowner) as grants,
       (select coalesce(json_agg(distinct n.nspname), '[]'::json)
          from pg_rewrite r
          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
          join pg_class s on s.oid = d.refobjid and s.oid <> c.oid
          join pg_namespace n on n.oid = s.relnamespace
         where r.ev_class = c.oid) as sources
  from pg_class c
 where c.relnamespace = to_regnamespace($1::text)
   and c.relkind in ('r', 'p', 'v', 'm', 'f')
   and not c.relispartition
 order by c.relname collate "C"
