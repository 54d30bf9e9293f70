-- Why a swap or a drop was put off, unless somebody works on the build at this moment. `$3`: it is tried again after a
-- quarter of a second, and after twice as long each time, up to half a minute; else at the next look.
update eventchain.projection_builds b
set put_off = left($2::text, 4096),
    tries = case when $3::boolean then b.tries + 1 else 0 end,
    try_at = case when $3::boolean
      then clock_timestamp() + least(250 * 2 ^ least(b.tries, 20), 30000) * interval '1 millisecond' end
where b.build_id = (
  select o.build_id from eventchain.projection_builds o where o.build_id = $1::bigint for no key update skip locked
) and ($3::boolean or b.put_off is distinct from left($2::text, 4096))
returning greatest(ceil(extract(epoch from b.try_at - clock_timestamp()) * 1000), 0)::int as "waitMs"
