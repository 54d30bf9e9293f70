with last as (
  select a.prepared_at
  from eventchain.anchors a
  where a.ledger_id = $1::bigint and a.state <> 'failed'
  order by a.anchor_id desc
  limit 1
), waits as (
  select c.sealed_at
  from eventchain.checkpoints c
  where c.ledger_id = $1::bigint and c.size > $4::bigint
    and c.epoch = (select l.epoch from eventchain.ledgers l where l.ledger_id = $1::bigint)
  order by c.size
  limit 1
)
select (select (extract(epoch from clock_timestamp() - last.prepared_at) * 1000)::bigint from last)::text as since_last_ms,
       coalesce((select (extract(epoch from clock_timestamp() - waits.sealed_at) * 1000)::bigint from waits), 0)::text as oldest_wait_ms,
       (select count(*) from eventchain.anchors a
        where a.ledger_id = $1::bigint and a.state = 'failed' and a.block_number is not null
          and a.anchor_id > coalesce((
            select max(b.anchor_id) from eventchain.anchors b
            where b.ledger_id = $1::bigint and b.state in ('mined', 'final')), 0))::int as failures_in_a_row,
       (select (extract(epoch from clock_timestamp() - max(a.prepared_at)) * 1000)::bigint
        from eventchain.anchors a
        where a.ledger_id = $1::bigint and a.state = 'failed' and a.block_number is not null)::text as since_failure_ms,
       coalesce((
         select sum(case when a.state in ('prepared', 'sent', 'reorged') then a.gas_limit * a.max_fee_per_gas else coalesce(a.fee, 0) end)
         from eventchain.anchors a
         where a.chain_id = $2::bigint and a.sender = $3::bytea
           and (a.state in ('prepared', 'sent', 'reorged') or a.mined_at > clock_timestamp() - interval '24 hours')
       ), 0)::text as spent_wei
