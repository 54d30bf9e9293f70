with gone_live as (
  update eventchain.projection_builds
  set state = 'live', swapped_at = clock_timestamp(), put_off = null, tries = 0, try_at = null
  where build_id = $1::bigint
  returning build_id, ledger_id, name
)
update eventchain.projections p set live_build = g.build_id
from gone_live g
where p.ledger_id = g.ledger_id and p.name = g.name
