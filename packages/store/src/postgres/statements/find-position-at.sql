-- The first position recorded at $2 or later, past the head where there is none: times never fall along positions.
with recursive search (low, high) as (
  select 1::bigint, coalesce((
    select position from eventchain.events where ledger_id = $1::bigint order by position desc limit 1
  ), 0) + 1
  union all
  select case when e.recorded_at < $2::timestamptz then s.low + (s.high - s.low) / 2 + 1 else s.low end,
         case when e.recorded_at < $2::timestamptz then s.high else s.low + (s.high - s.low) / 2 end
  from search s
  join eventchain.events e on e.ledger_id = $1::bigint and e.position = s.low + (s.high - s.low) / 2
  where s.low < s.high
)
select low as position from search where low = high
