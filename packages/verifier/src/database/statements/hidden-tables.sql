-- Tables from which row-level security may keep rows from this user: it is in force for them, and no policy lets them see
-- every row, or one takes rows away again.
with policies as (
  select p.polrelid, p.polpermissive, pg_get_expr(p.polqual, p.polrelid) as condition
  from pg_policy p
  where p.polcmd in ('r', '*')
    and (0 = any (p.polroles) or exists (select from unnest(p.polroles) r (role) where pg_has_role(r.role, 'usage')))
)
select c.relname
from pg_class c
where c.relnamespace = to_regnamespace('eventchain') and c.relkind in ('r', 'p') and row_security_active(c.oid)
  and (not exists (select from policies p where p.polrelid = c.oid and p.polpermissive and p.condition = 'true')
    or exists (select from policies p where p.polrelid = c.oid and not p.polpermissive))
order by c.relname
