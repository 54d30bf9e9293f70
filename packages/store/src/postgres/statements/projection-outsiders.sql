-- What stands outside of a schema and depends on something in it, in words; at most ten. `$2`: a schema that may, or null.
with inside as (
  select classid, objid from pg_depend
   where refclassid = 'pg_namespace'::regclass and refobjid = to_regnamespace($1::text)
), dependents as (
  select distinct d.classid, d.objid
    from inside i
    join pg_depend d on d.refclassid = i.classid and d.refobjid = i.objid and d.deptype = 'n'
), placed as (
  select d.classid, d.objid,
         coalesce(
           (select c.relnamespace from pg_class c where d.classid = 'pg_class'::regclass and c.oid = d.objid),
           (select p.pronamespace from pg_proc p where d.classid = 'pg_proc'::regclass and p.oid = d.objid),
           (select t.typnamespace from pg_type t where d.classid = 'pg_type'::regclass and t.oid = d.objid),
           (select c.connamespace from pg_constraint c where d.classid = 'pg_constraint'::regclass and c.oid = d.objid),
           (select c.relnamespace from pg_rewrite r join pg_class c on c.oid = r.ev_class
             where d.classid = 'pg_rewrite'::regclass and r.oid = d.objid),
           (select c.relnamespace from pg_attrdef a join pg_class c on c.oid = a.adrelid
             where d.classid = 'pg_attrdef'::regclass and a.oid = d.objid),
           (select c.relnamespace from pg_trigger t join pg_class c on c.oid = t.tgrelid
             where d.classid = 'pg_trigger'::regclass and t.oid = d.objid),
           (select c.relnamespace from pg_policy p join pg_class c on c.oid = p.polrelid
             where d.classid = 'pg_policy'::regclass and p.oid = d.objid)) as namespace
    from dependents d
)
select pg_describe_object(p.classid, p.objid, 0) as what
  from placed p
 where p.namespace is distinct from to_regnamespace($1::text)
   and (p.namespace is null or p.namespace is distinct from to_regnamespace($2::text))
 order by 1
 limit 10
