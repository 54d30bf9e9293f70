-- The rarest of these tags, as far as a thousand positions can tell.
select t.tag
from unnest($2::text[]) as t (tag)
order by (
  select count(*)
  from (select from eventchain.event_tags e where e.ledger_id = $1::bigint and e.tag = t.tag limit 1000) found
), t.tag
limit 1
