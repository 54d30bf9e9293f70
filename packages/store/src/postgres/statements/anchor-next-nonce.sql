-- The lowest nonce from the chain's count on that no transaction of ours holds.
select candidate::text as nonce
from generate_series($3::bigint, $3::bigint + (
  select count(*) from eventchain.anchors a
  where a.chain_id = $1::bigint and a.sender = $2::bytea and a.nonce >= $3::bigint
    and a.state in ('prepared', 'sent', 'mined', 'final', 'reorged')
)) as candidate
where not exists (
  select from eventchain.anchors a
  where a.chain_id = $1::bigint and a.sender = $2::bytea and a.nonce = candidate
    and a.state in ('prepared', 'sent', 'mined', 'final', 'reorged')
)
order by candidate
limit 1
