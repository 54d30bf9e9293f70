-- Moves the cursor from where it was read, and inserts the tasks of the events between; no row where it stood elsewhere.
with moved as (
  update eventchain.reactions r
  set position = e.position, hash = e.hash
  from eventchain.events e
  where r.ledger_id = $1::bigint and r.name = $2::text and r.position = $3::bigint and r.hash = $4::bytea
    and e.ledger_id = r.ledger_id and e.position = $5::bigint
  returning r.ledger_id, r.name
), given as (
  select t.*, row_number() over (partition by t.stream, t.is_timeout order by t.position) as number
  from unnest($7::bigint[], $8::text[], $9::text[], $10::boolean[], $11::boolean[], $12::bigint[])
    as t(position, handler, stream, is_timeout, is_checked, due_micros)
), inserted as (
  insert into eventchain.reaction_tasks
    (ledger_id, reaction, position, handler, stream, is_timeout, is_checked, is_held, due_at)
  select moved.ledger_id, moved.name, g.position, g.handler, g.stream, g.is_timeout, g.is_checked,
         $6::boolean and not g.is_timeout and (g.number > 1 or (
           select true
           from eventchain.reaction_tasks older
           where older.ledger_id = moved.ledger_id and older.reaction = moved.name
             and older.stream between g.stream and g.stream and not older.is_timeout
           order by older.stream, older.position
           limit 1
         ) is true),
         coalesce(timestamptz '1970-01-01 00:00:00+00' + g.due_micros * interval '1 microsecond', clock_timestamp())
  from moved cross join given g
)
select 1 as moved from moved
