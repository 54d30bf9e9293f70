-- Whether the event at a cursor is another one, or not there any more.
select not exists (
  select from eventchain.ledgers l where l.ledger_id = $1::bigint and $2::bigint = 0 and l.genesis_hash = $3::bytea
  union all
  select from (
    select e.hash from eventchain.events e
     where e.ledger_id = $1::bigint and e.position between $2::bigint and $2::bigint order by e.position limit 1
  ) e where e.hash = $3::bytea
) as forked
