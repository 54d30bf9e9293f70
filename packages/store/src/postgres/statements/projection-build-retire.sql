-- Its tables stay until `projection-retired-lock` finds it.
update eventchain.projection_builds
set state = 'retired', stopped_at = null, reason = null, put_off = null, tries = 0, try_at = null
where build_id = $1::bigint
