-- Append conditions, chains of requests, and commands that are rejected.

-- The role of 0007_queries, made here: who may not make it is refused before the append function is exchanged.
do $$
declare
  viewer_missing boolean;
  wanted text;
begin
  begin
    create role eventchain_viewer nologin;
  exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then viewer_missing := to_regrole('eventchain_viewer') is null;
  end;
  -- To take this role only takes rights away, so that whoever may read everything may take it.
  foreach wanted in array array['eventchain_writer', 'eventchain_reader'] loop
    begin
      if viewer_missing is not true and not pg_has_role(wanted, 'eventchain_viewer', 'member') then
        execute format('grant eventchain_viewer to %I', wanted);
      end if;
    exception
      when unique_violation then null;
      when insufficient_privilege then viewer_missing := true;
    end;
  end loop;
  if viewer_missing then
    raise exception 'the user % may not create the role eventchain_viewer, or not grant it', current_user
      using errcode = 'insufficient_privilege',
        hint = 'Let an administrator run once: create role eventchain_viewer nologin; '
          || 'grant eventchain_viewer to eventchain_writer, eventchain_reader;';
  end if;
end
$$;

alter table eventchain.commands add column reason text;

create or replace view eventchain.command_status with (security_invoker = true) as
select c.ledger_id, c.command_id, c.type, c.actor, c.outcome, c.code, c.first_position, c.last_position, c.at,
       case when c.outcome = 'rejected' then 'rejected'
            when c.last_position <= w.final_size then 'final'
            when c.last_position <= w.anchored_size then 'anchored'
            when c.last_position <= w.sealed_size then 'sealed'
            else 'appended' end as state,
       a.tx_hash, a.block_number, a.block_time, c.reason
from eventchain.commands c
join eventchain.watermarks w using (ledger_id)
left join lateral (
  select tx_hash, block_number, block_time from eventchain.anchors a
  where a.ledger_id = c.ledger_id and a.size >= c.last_position and a.state in ('mined', 'final')
  order by a.size limit 1
) a on c.outcome = 'recorded';

-- One item of an append condition's query. Null: any. All three null: every event but the ledger's own.
create type eventchain.condition_item as (streams text[], types text[], tags text[]);

-- How many streams, types and tags a query names, one by one.
create function eventchain.count_names(query jsonb) returns int
language sql immutable parallel safe
return (select count(*) from jsonb_path_query(query, 'lax $[*].*[*]'))::int;

-- Why this text is not a query ("all", or a list of items), as "code|message", or null.
create function eventchain.condition_problem(condition text) returns text
language plpgsql immutable parallel safe
as $$
declare
  query jsonb;
begin
  if condition is null then
    return null;
  elsif condition is not json with unique keys then
    return 'invalid-argument|the condition is not JSON with unique keys';
  end if;
  query := condition::jsonb;
  return case
    when query = '"all"'::jsonb then null
    when jsonb_typeof(query) <> 'array' then 'invalid-argument|a query is "all" or a list of items'
    when jsonb_array_length(query) > 1024 then 'too-large|a query has at most 1,024 items'
    when jsonb_path_exists(query, 'strict $[*] ? (@.type() != "object")')
      then 'invalid-argument|an item of a query is an object'
    when jsonb_path_exists(query,
        'strict $[*].keyvalue() ? (@.key != "streams" && @.key != "types" && @.key != "tags")')
      then 'invalid-argument|an item of a query has streams, types and tags, and nothing else'
    when jsonb_path_exists(query, 'lax $[*] ? (!exists (@.streams) && !exists (@.types) && !exists (@.tags))')
      then 'invalid-argument|an item of a query has at least one condition'
    when jsonb_path_exists(query, 'strict $[*].* ? (@.type() != "array" || @.size() == 0)')
      or jsonb_path_exists(query, 'strict $[*].*[*] ? (@.type() != "string")')
      then 'invalid-argument|a condition of an item is a list of at least one text'
    when eventchain.count_names(query) > 4096
      then 'too-large|a condition has at most 4,096 names of streams, types and tags'
  end;
end
$$;

-- The stream's first event past `after`: its version and position; no row where there is none. Versions count on
-- without a gap and rise with the positions: sought backwards from the newest one, in steps that double, then between
-- the last two steps.
create function eventchain.first_past(ledger bigint, stream_name text, after bigint)
returns table (version bigint, "position" bigint)
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  -- Never past `after`; 0 before the first event.
  low bigint;
  high record;
  step bigint := 1;
  wanted bigint;
  probe record;
begin
  select e.version, e.position into high from eventchain.events e
   where e.ledger_id = ledger and e.stream = stream_name order by e.version desc limit 1;
  if high.position is null or high.position <= after then
    return;
  end if;
  while low is null or high.version - low > 1 loop
    wanted := case when low is null then high.version - step else (low + high.version) / 2 end;
    -- A range in an order: a plan that was made while the table was empty could take any index for an equality.
    select e.version, e.position into probe from eventchain.events e
     where e.ledger_id = ledger and e.stream = stream_name and e.version between wanted and wanted
     order by e.version limit 1;
    if probe.position > after then
      high := probe;
      step := step * 2;
    else
      low := coalesce(probe.version, greatest(high.version - step, 0));
    end if;
  end loop;
  version := high.version;
  position := high.position;
  return next;
end
$$;

-- The first 16 positions past `after` and up to `upto` whose events meet an item.
--
-- What is read does not grow with the ledger. One condition is one range of one index, in its order, LIMIT 16. Ranges
-- are of whole rows, in an order that one index only has, and the append has sorting off: the planner has no choice,
-- whatever it takes the tables for. Of several conditions, each in turn names its next position at or past the last one
-- named, until all have named the same: never more rounds than the rarest has positions there, and one where it has
-- none.
create function eventchain.find_matching(
  ledger bigint, item eventchain.condition_item, after bigint, upto bigint
) returns bigint[]
language plpgsql volatile
as $$
declare
  found_positions bigint[];
  all_positions bigint[];
  one_stream text;
  one_type text;
  tag_count int := coalesce(cardinality(item.tags), 0);
  condition_count int;
  -- All positions before it are ruled out; so many conditions in turn have named it.
  target bigint;
  agreed int;
  turn int;
  named bigint;
begin
  case
    when item.streams is null and item.types is null and item.tags is null then
      select array_agg(p.position) into found_positions from (
        select e.position from eventchain.events e
         where (e.ledger_id, e.position) > (ledger, after) and (e.ledger_id, e.position) <= (ledger, upto)
           and left(e.type, 1) <> '$'
         order by e.ledger_id, e.position limit 16
      ) p;

    when item.streams is null and item.types is null and tag_count = 1 then
      select array_agg(p.position) into found_positions from (
        select t.position from eventchain.event_tags t
         where (t.ledger_id, t.tag, t.position) > (ledger, item.tags[1], after)
           and (t.ledger_id, t.tag, t.position) <= (ledger, item.tags[1], upto)
         order by t.ledger_id, t.tag, t.position limit 16
      ) p;

    when item.streams is null and tag_count = 1 then
      select array_agg(p.position) into found_positions from (
        select m.position from unnest(item.types) w(type)
         cross join lateral (
           select t.position from eventchain.event_tags t
            where (t.ledger_id, t.tag, t.type, t.position) > (ledger, item.tags[1], w.type, after)
              and (t.ledger_id, t.tag, t.type, t.position) <= (ledger, item.tags[1], w.type, upto)
            order by t.ledger_id, t.tag, t.type, t.position limit 16
         ) m
         group by m.position order by m.position limit 16
      ) p;

    when item.streams is null and item.tags is null then
      select array_agg(p.position) into found_positions from (
        select m.position from unnest(item.types) w(type)
         cross join lateral (
           select e.position from eventchain.events e
            where (e.ledger_id, e.type, e.position) > (ledger, w.type, after)
              and (e.ledger_id, e.type, e.position) <= (ledger, w.type, upto)
            order by e.ledger_id, e.type, e.position limit 16
         ) m
         group by m.position order by m.position limit 16
      ) p;

    when item.types is null and item.tags is null then
      select array_agg(p.position) into found_positions from (
        select m.position from unnest(item.streams) w(stream)
         cross join lateral eventchain.first_past(ledger, w.stream, after) f
         cross join lateral (
           select e.position from eventchain.events e
            where (e.ledger_id, e.stream, e.version) >= (ledger, w.stream, f.version)
              and (e.ledger_id, e.stream, e.version) < (ledger, w.stream, f.version + 16) and e.position <= upto
            order by e.ledger_id, e.stream, e.version limit 16
         ) m
         group by m.position order by m.position limit 16
      ) p;

    else
      foreach one_stream in array coalesce(item.streams, array[null]) loop
        foreach one_type in array coalesce(item.types, array[null]) loop
          condition_count := greatest(tag_count, (one_type is not null)::int) + (one_stream is not null)::int;
          found_positions := '{}';
          target := after + 1;
          agreed := 0;
          turn := 0;
          loop
            turn := turn % condition_count + 1;
            named := null;
            if turn <= tag_count and one_type is null then
              select t.position into named from eventchain.event_tags t
               where (t.ledger_id, t.tag, t.position) >= (ledger, item.tags[turn], target)
                 and (t.ledger_id, t.tag, t.position) <= (ledger, item.tags[turn], upto)
               order by t.ledger_id, t.tag, t.position limit 1;
            elsif turn <= tag_count then
              select t.position into named from eventchain.event_tags t
               where (t.ledger_id, t.tag, t.type, t.position) >= (ledger, item.tags[turn], one_type, target)
                 and (t.ledger_id, t.tag, t.type, t.position) <= (ledger, item.tags[turn], one_type, upto)
               order by t.ledger_id, t.tag, t.type, t.position limit 1;
            elsif turn = condition_count and one_stream is not null then
              select f.position into named from eventchain.first_past(ledger, one_stream, target - 1) f;
            else
              select e.position into named from eventchain.events e
               where (e.ledger_id, e.type, e.position) >= (ledger, one_type, target)
                 and (e.ledger_id, e.type, e.position) <= (ledger, one_type, upto)
               order by e.ledger_id, e.type, e.position limit 1;
            end if;
            exit when named is null or named > upto;
            if named > target then
              target := named;
              agreed := 0;
            end if;
            agreed := agreed + 1;
            if agreed = condition_count then
              found_positions := found_positions || target;
              exit when cardinality(found_positions) = 16;
              target := target + 1;
              agreed := 0;
            end if;
          end loop;
          all_positions := all_positions || found_positions;
        end loop;
      end loop;
      select array_agg(p.position) into found_positions from (
        select distinct u.position from unnest(all_positions) u(position) order by u.position limit 16
      ) p;
  end case;
  return found_positions;
end
$$;

-- Which of these events meet which of these items: bit i of an item's mask is event i; no row for an item that none
-- meets. They meet by the names that items and events have, so that it takes the sum of both, not their product.
create function eventchain.match_items(
  items eventchain.condition_item[], streams text[], types text[], tags text[]
) returns table (item int, mask varbit)
language plpgsql volatile
set enable_nestloop = off
as $$
#variable_conflict use_column
declare
  none constant varbit := repeat('0', cardinality(types))::varbit;
begin
  return query
    with wanted as materialized (
      select i.item::int as item, w.kind, w.name
        from unnest(items) with ordinality i(streams, types, tags, item)
       cross join lateral (
         select 'stream' as kind, name from unnest(i.streams) name
         union all
         select 'type', name from unnest(i.types) name
         union all
         select 'tag', name from unnest(i.tags) name
         union all
         select 'any', '' where num_nonnulls(i.streams, i.types, i.tags) = 0
       ) w
    ), e as materialized (
      select e.i::int as i, e.stream, e.type, e.tags
        from unnest(streams, types, tags) with ordinality e(stream, type, tags, i)
    ), found as materialized (
      select kind, name, bit_or(set_bit(none, f.i - 1, 1)) as mask
        from (
          select 'stream' as kind, e.stream as name, e.i from e
          union all
          select 'type', e.type, e.i from e
          union all
          select 'tag', tag, e.i from e cross join lateral unnest(e.tags::text[]) tag where e.tags <> '{}'
          union all
          select 'any', '', e.i from e where left(e.type, 1) <> '$'
        ) f
        join (select distinct w.kind, w.name from wanted w) n using (kind, name)
       group by kind, name
    )
    select m.item, bit_and(m.mask)::varbit
      from (
        select w.item, case when kind = 'tag' then bit_and(coalesce(f.mask, none))
                            else bit_or(coalesce(f.mask, none)) end as mask
          from wanted w left join found f using (kind, name)
         group by w.item, kind
      ) m
     group by m.item
    having bit_count(bit_and(m.mask)) > 0;
end
$$;

-- The first 16 bits past the first `skip` that are set, in order.
create function eventchain.first_bits(mask varbit, skip int) returns int[]
language plpgsql immutable parallel safe
as $$
declare
  bits int[] := '{}';
  last int := greatest(skip, 0);
  next int;
begin
  mask := substring(mask from last + 1);
  loop
    next := position(B'1' in mask);
    exit when next = 0;
    last := last + next;
    bits := bits || last;
    exit when cardinality(bits) = 16;
    mask := substring(mask from next + 1);
  end loop;
  return bits;
end
$$;

-- The first 16 of both, each once and in order, as the text of a bigint[].
create function eventchain.add_obstacles(obstacles text, positions bigint[]) returns text
language sql immutable parallel safe
return case
  when positions is null then obstacles
  else array(select distinct p from unnest(obstacles::bigint[] || positions) p order by p limit 16)::text
end;

-- Which stored events past `low` and up to `high` are in the way of which requests: past a request's `after`, they meet
-- one of its items. Element i of `pair_requests` and `pair_items` is a request and one of its items. A request may have
-- several rows, of up to 16 positions each, which have the first 16 of all among them.
--
-- Either each item's positions are sought by the indexes, or the events are read, by the thousand, and matched with all
-- items, whichever takes less: seeking a range is about as much as reading five events, or as matching ten names. Under
-- the ledger's lock (`locked`) nothing is sought by several conditions in turn, which may take as many steps as there
-- are events for every single item.
create function eventchain.find_obstacles(
  ledger bigint, items eventchain.condition_item[], pair_requests int[], pair_items int[], afters bigint[],
  low bigint, high bigint, locked boolean
) returns table (request int, positions bigint[])
language plpgsql volatile
as $$
#variable_conflict use_column
declare
  ranges bigint;
  composite boolean;
  masks varbit[];
  event_streams text[];
  event_types text[];
  event_tags text[];
  upto bigint;
  hit record;
begin
  select greatest(low, min(coalesce(afters[r], 0))) into low from unnest(pair_requests) r;
  if low >= high then
    return;
  end if;
  select sum(greatest(cardinality(i.streams), 1) * greatest(cardinality(i.types), 1)),
         bool_or(cardinality(i.tags) > 1 or i.streams is not null and num_nonnulls(i.types, i.tags) > 0)
    into ranges, composite from unnest(items) i;

  if ranges * 5 <= high - low + ceil((high - low) / 1024.0) * ranges / 2 and not (locked and composite) then
    for hit in
      select p.item, greatest(coalesce(afters[p.request], 0), low) as after, array_agg(p.request) as requests
        from unnest(pair_requests, pair_items) p(request, item)
       group by p.item, greatest(coalesce(afters[p.request], 0), low)
    loop
      continue when hit.after >= high;
      positions := eventchain.find_matching(ledger, items[hit.item], hit.after, high);
      if positions is not null then
        foreach request in array hit.requests loop
          return next;
        end loop;
      end if;
    end loop;
    return;
  end if;

  while low < high loop
    upto := least(low + 1024, high);
    select array_agg(e.stream order by e.position), array_agg(e.type order by e.position),
           array_agg(e.tags::text order by e.position)
      into event_streams, event_types, event_tags
      from eventchain.events e
     where e.ledger_id = ledger and e.position > low and e.position <= upto;
    masks := array_fill(null::varbit, array[cardinality(items)]);
    for hit in select m.item, m.mask from eventchain.match_items(items, event_streams, event_types, event_tags) m loop
      masks[hit.item] := hit.mask;
    end loop;
    for hit in
      select p.request, bit_or(masks[p.item])::varbit as mask
        from unnest(pair_requests, pair_items) p(request, item)
       where masks[p.item] is not null
       group by p.request
    loop
      request := hit.request;
      positions := array(
        select low + b from unnest(eventchain.first_bits(
          hit.mask, (least(greatest(coalesce(afters[request], 0), low), upto) - low)::int)) b);
      if positions <> '{}' then
        return next;
      end if;
    end loop;
    low := upto;
  end loop;
end
$$;

-- Whether it is a plain list of that size: its elements are those at 1 to `size`. A null list has none.
create function eventchain.is_list(list anyarray, size int) returns boolean
language sql immutable parallel safe
as $$
  select coalesce(array_ndims(list), 1) = 1 and coalesce(array_lower(list, 1), 1) = 1
     and coalesce(cardinality(list), 0) = size
$$;

-- What the event of a rejected command says.
create function eventchain.rejection_data(actor text, code text, command text, type text) returns text
language sql immutable parallel safe
return '{"actor":' || coalesce(to_json(actor)::text, 'null') || ',"code":' || coalesce(to_json(code)::text, 'null')
  || ',"command":' || coalesce(to_json(command)::text, 'null') || ',"type":' || coalesce(to_json(type)::text, 'null')
  || '}';

drop function eventchain.append_events;

-- Appends a group of requests to one ledger.
--
-- Requests: `command_ids`, `request_hashes`, `command_types`, `command_actors` (all null where there is no command),
-- `event_counts`, `expected_counts`. Streams: `stream_names`, each name once; events and expectations name a stream by
-- its index there. Events and expectations follow each other in the order of their requests. `tags`: each element is
-- the text of a text[]. `expected_versions`: a version (0: no event yet), or -1: at least one event.
--
-- By request, null where there is none: `conditions`, the JSON of a query, and `condition_afters` (null: 0); `chains`:
-- requests of one number are neighbours, decided one on top of the other; and a rejection: `rejection_codes`,
-- `rejection_reasons`, and where it is to be an event too that event's `rejection_ids` and so on. Its data is composed
-- here. It is the only event with names that begin with $.
--
-- Gives, for each request in order: 'recorded' or 'duplicate', one row for each event; 'condition-failed', one row for
-- each position, 16 at most; or one row 'conflict' (stream, and in `version` its version), 'rejected' or
-- 'rejected-before' (code, the reason in `message`, position), 'dependency-failed', 'command-id-reused', or 'refused'
-- (code, message, and in `event` which one, from 0). No row at all: there is no such ledger.
--
-- Durable effects: one commit, the caller's. Before it nothing has happened; after it all that was reported has.
-- Everything up to the lock needs no lock. Everything after it runs in statements of its own, whose snapshots are
-- younger than the lock, and so see every append before this one: hence VOLATILE, and READ COMMITTED asserted.
create function eventchain.append_events(
  ledger bigint,
  command_ids text[], request_hashes bytea[], command_types text[], command_actors text[],
  event_counts int[], expected_counts int[],
  stream_names text[],
  expected_streams int[], expected_versions bigint[],
  event_streams int[], ids uuid[], types text[], schemas int[], tags text[],
  datas text[], salts bytea[], metadatas text[], meta_salts bytea[],
  conditions text[], condition_afters bigint[], chains int[],
  rejection_codes text[], rejection_reasons text[],
  rejection_ids uuid[], rejection_salts bytea[], rejection_metadatas text[], rejection_meta_salts bytea[]
) returns table (
  request int, outcome text, "position" bigint, stream text, version bigint, id uuid, hash bytea,
  recorded_at_micros bigint, code text, message text, event int
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
declare
  request_count int := coalesce(cardinality(event_counts), 0);
  stream_count int := coalesce(cardinality(stream_names), 0);
  -- The callers' events; behind them stand those of the rejections.
  plain_count int := coalesce(cardinality(ids), 0);
  event_count int := plain_count;
  -- By request: its rejection's event.
  audit_events int[];
  audit_stream int;
  origin_json text;
  problems text[];
  data_hashes bytea[];
  meta_hashes bytea[];
  content_hashes bytea[];
  meta_commands text[];
  -- Which event of this call has this id first, and which request this command id: only where one comes twice.
  distinct_ids bigint;
  id_slots int[];
  command_slots int[];
  condition_problems text[];
  -- The items of all conditions, each once; and which request has which: see find_obstacles.
  items eventchain.condition_item[];
  pair_requests int[];
  pair_items int[];
  -- By request: the stored events in its way, the first 16 in order, as the text of a bigint[].
  obstacles text[];
  -- The events in the order of their requests, in which a rejection's event has its place; by request, how many of them
  -- come before it, and before its chain.
  call_order int[];
  ranks_before int[];
  chains_before int[];
  -- By request: which events of this call before its chain would be in its way, as bits in that order; null where none.
  item_masks varbit[];
  call_masks varbit[];
  in_the_way varbit;
  -- Those that are accepted, as bits, and in the order of their positions.
  accepted varbit;
  accepted_ranks int[] := '{}';
  start_position bigint;
  call_rank int;
  -- The head before the lock: conditions are checked up to there without it.
  seen_position bigint := 0;
  after bigint;
  chain_broken boolean := false;
  is_rejection boolean;
  ledger_state text;
  ledger_reason text;
  head_position bigint;
  head_hash bytea;
  recorded_at timestamptz;
  micros bigint;
  micros_bytes bytea;
  -- By stream: its version, counted on as requests are accepted.
  versions bigint[];
  -- By event: true where its id is taken, by a stored event or by one accepted before.
  taken boolean[];
  hit record;
  -- By command slot: what is known of the command id.
  known_hashes bytea[];
  known_outcomes text[];
  known_codes text[];
  known_reasons text[];
  known_first bigint[];
  known_last bigint[];
  -- By event, null unless accepted.
  positions bigint[];
  event_versions bigint[];
  prev_hashes bytea[];
  hashes bytea[];
  -- By request.
  outcomes text[];
  first_positions bigint[];
  last_positions bigint[];
  codes text[];
  -- Of its rejection, now or before.
  told_codes text[];
  told_reasons text[];
  conflict_streams text[];
  conflict_versions bigint[];
  conflict_positions text[];
  culprits int[];
  -- `from_event` to `to_event`: the request's own events, or its rejection's.
  first_event int;
  last_event int := 0;
  from_event int;
  to_event int;
  first_expected int;
  last_expected int := 0;
  slot int;
  problem text;
  culprit int;
  expected bigint;
  s int;
  v bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'appends run at read committed, not at %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;
  if request_count = 0 or 0 > any (event_counts) or 0 > any (expected_counts) then
    raise exception 'an append has at least one request' using errcode = 'invalid_parameter_value';
  end if;
  -- Before anything is taken by its index: an element past a list's end would be read as another event's.
  if 0 > any (chains)
     or exists (select from unnest(event_counts, expected_counts) c(e, x) where c.e is null or c.x is null)
     or not (eventchain.is_list(event_counts, request_count) and eventchain.is_list(expected_counts, request_count)
       and (command_ids is null or eventchain.is_list(command_ids, request_count))
       and (request_hashes is null or eventchain.is_list(request_hashes, request_count))
       and (command_types is null or eventchain.is_list(command_types, request_count))
       and (command_actors is null or eventchain.is_list(command_actors, request_count))
       and (conditions is null or eventchain.is_list(conditions, request_count))
       and (condition_afters is null or eventchain.is_list(condition_afters, request_count))
       and (chains is null or eventchain.is_list(chains, request_count))
       and (rejection_codes is null or eventchain.is_list(rejection_codes, request_count))
       and (rejection_reasons is null or eventchain.is_list(rejection_reasons, request_count))
       and (rejection_ids is null or eventchain.is_list(rejection_ids, request_count))
       and (rejection_salts is null or eventchain.is_list(rejection_salts, request_count))
       and (rejection_metadatas is null or eventchain.is_list(rejection_metadatas, request_count))
       and (rejection_meta_salts is null or eventchain.is_list(rejection_meta_salts, request_count))
       and eventchain.is_list(stream_names, stream_count)
       and eventchain.is_list(expected_streams, coalesce(cardinality(expected_versions), 0))
       and eventchain.is_list(expected_versions, coalesce(cardinality(expected_streams), 0))
       and (select sum(c) from unnest(expected_counts) c) = coalesce(cardinality(expected_streams), 0)
       and (select sum(c) from unnest(event_counts) c) = plain_count
       and eventchain.is_list(event_streams, plain_count) and eventchain.is_list(ids, plain_count)
       and eventchain.is_list(types, plain_count) and eventchain.is_list(schemas, plain_count)
       and eventchain.is_list(tags, plain_count) and eventchain.is_list(datas, plain_count)
       and eventchain.is_list(salts, plain_count) and eventchain.is_list(metadatas, plain_count)
       and eventchain.is_list(meta_salts, plain_count)) then
    raise exception 'the arrays of an append do not fit together' using errcode = 'invalid_parameter_value';
  end if;

  select to_json(l.origin)::text into origin_json from eventchain.ledgers l where l.ledger_id = ledger;
  if origin_json is null then
    return;
  end if;
  if exists (
    select from (select chains[r] as chain, lag(chains[r]) over (order by r) as previous
                   from generate_series(1, request_count) r) c
     where c.chain is not null and c.previous is distinct from c.chain group by c.chain having count(*) > 1
  ) then
    raise exception 'the requests of a chain are neighbours' using errcode = 'invalid_parameter_value';
  end if;

  audit_events := array_fill(null::int, array[request_count]);
  for r in 1 .. request_count loop
    continue when num_nonnulls(
      rejection_ids[r], rejection_salts[r], rejection_metadatas[r], rejection_meta_salts[r]) = 0;
    if audit_stream is null then
      audit_stream := array_position(stream_names, '$audit');
      if audit_stream is null then
        stream_names := array_append(stream_names, '$audit');
        stream_count := stream_count + 1;
        audit_stream := stream_count;
      end if;
    end if;
    event_count := event_count + 1;
    audit_events[r] := event_count;
    event_streams[event_count] := audit_stream;
    ids[event_count] := rejection_ids[r];
    types[event_count] := '$CommandRejected';
    schemas[event_count] := 1;
    tags[event_count] := '{}';
    datas[event_count] := eventchain.rejection_data(
      command_actors[r], rejection_codes[r], command_ids[r], command_types[r]);
    salts[event_count] := rejection_salts[r];
    metadatas[event_count] := rejection_metadatas[r];
    meta_salts[event_count] := rejection_meta_salts[r];
  end loop;
  -- These pass as the ledger's own below: nothing of them but id, salts and metadata may be the caller's.
  if event_count > plain_count and exists (
    select from generate_series(1, request_count) r cross join lateral (select audit_events[r] as i) a
     where a.i is not null
       and (stream_names[event_streams[i]], types[i], schemas[i], tags[i], datas[i]) is distinct from
           ('$audit', '$CommandRejected', 1, '{}', eventchain.rejection_data(
             command_actors[r], rejection_codes[r], command_ids[r], command_types[r]))
  ) then
    raise exception 'the event of a rejection is not what it should be' using errcode = 'internal_error';
  end if;

  -- Check the texts and hash them. The hashes of a text that is refused are of no use and do no harm.
  select array_agg(e.problem order by e.i),
         array_agg(e.data_hash order by e.i),
         array_agg(e.meta_hash order by e.i),
         array_agg(sha256(convert_to(
             '{"data":"' || encode(e.data_hash, 'hex') || '","id":"' || e.id || '","ledger":' || origin_json
             || ',"meta":"' || encode(e.meta_hash, 'hex') || '","schema":' || e.schema || ',"stream":'
             || to_json(e.stream)::text || ',"tags":' || array_to_json(e.tags)::text || ',"type":'
             || to_json(e.type)::text || '}',
             'UTF8')) order by e.i),
         array_agg(case when e.problem is null then eventchain.metadata_command(e.metadata) end order by e.i),
         count(distinct e.id)
    into problems, data_hashes, meta_hashes, content_hashes, meta_commands, distinct_ids
    from (
      select t.*,
             sha256('\x44'::bytea || t.salt || convert_to(t.data, 'UTF8')) as data_hash,
             sha256('\x4d'::bytea || t.meta_salt || convert_to(t.metadata, 'UTF8')) as meta_hash,
             case
               when num_nulls(t.stream, t.id, t.type, t.schema, t.tags, t.data, t.salt, t.metadata, t.meta_salt) > 0
                 then 'invalid-argument|a part of an event is missing'
               when octet_length(t.stream) not between 1 and 512
                 then 'invalid-name|a stream''s name has 1 to 512 bytes of UTF-8'
               when left(t.stream, 1) = '$' and t.i <= plain_count
                 then 'invalid-name|streams that begin with $ belong to the ledger'
               when octet_length(t.type) not between 1 and 512
                 then 'invalid-name|an event type has 1 to 512 bytes of UTF-8'
               when left(t.type, 1) = '$' and t.i <= plain_count
                 then 'invalid-name|event types that begin with $ belong to the ledger'
               when t.schema < 1 then 'invalid-argument|a schema version is at least 1'
               -- RFC 9562: the version is the thirteenth hex digit, the variant the two bits at the seventeenth.
               when substr(t.id, 15, 1) <> '7' or substr(t.id, 20, 1) not in ('8', '9', 'a', 'b')
                 then 'invalid-argument|an event id is a UUIDv7'
               when octet_length(t.salt) <> 16 or octet_length(t.meta_salt) <> 16
                 then 'invalid-argument|a salt has 16 bytes'
               else coalesce(
                 case when t.tags <> '{}' then eventchain.tags_problem(t.tags) end,
                 eventchain.object_problem('data', t.data),
                 -- It is indexed, and so parsed some more times, while the ledger is locked.
                 case when octet_length(t.metadata) > 1048576 then 'too-large|metadata has at most 1,048,576 bytes' end,
                 eventchain.object_problem('metadata', t.metadata),
                 case when eventchain.may_have_reserved_keys(t.metadata) and eventchain.has_reserved_keys(t.metadata)
                   then 'invalid-name|metadata keys that begin with $ belong to the ledger' end)
             end as problem
        from (
          select i, stream_names[event_streams[i]] as stream, ids[i]::text as id, types[i] as type,
                 schemas[i] as schema, tags[i]::text[] as tags, datas[i] as data, salts[i] as salt,
                 metadatas[i] as metadata, meta_salts[i] as meta_salt
            from generate_series(1, event_count) i
          offset 0
        ) t
      offset 0
    ) e;

  if distinct_ids < event_count then
    select array_agg(d.slot order by d.i) into id_slots
      from (select i, min(i) over (partition by ids[i]) as slot from generate_series(1, event_count) i) d;
  end if;
  if request_count > 1 and (select count(c) > count(distinct c) from unnest(command_ids) c) then
    select array_agg(d.slot order by d.r) into command_slots
      from (select r, min(r) over (partition by command_ids[r]) as slot from generate_series(1, request_count) r) d;
  end if;

  if num_nonnulls(variadic conditions) > 0 then
    select array_agg(coalesce(p.problem, case when p.names > 16384
             then 'too-large|the conditions of one call have at most 16,384 names' end) order by p.r)
      into condition_problems
      from (
        select c.r, c.problem,
               sum(case when c.condition is not null and c.problem is null
                        then greatest(eventchain.count_names(c.condition::jsonb), 1) else 0 end)
                 over (order by c.r) as names
          from (
            select u.r, u.condition, eventchain.condition_problem(u.condition) as problem
              from unnest(conditions) with ordinality u(condition, r)
            offset 0
          ) c
      ) p;
    select array_agg(row(
             case when item ? 'streams' then array(select jsonb_array_elements_text(item -> 'streams')) end,
             case when item ? 'types' then array(select jsonb_array_elements_text(item -> 'types')) end,
             case when item ? 'tags' then array(select jsonb_array_elements_text(item -> 'tags')) end
           )::eventchain.condition_item order by k) filter (where is_first),
           array_agg(r order by r, k), array_agg(k order by r, k)
      into items, pair_requests, pair_items
      from (
        select n.*, row_number() over (partition by k) = 1 as is_first
          from (
            select distinct i.r, i.item, (dense_rank() over (order by i.item))::int as k
              from (
                select u.r::int as r, a.item
                  from unnest(conditions) with ordinality u(condition, r)
                 cross join lateral jsonb_array_elements(case
                   when condition_problems[u.r] is null and u.condition::jsonb = '"all"' then '[{}]'
                   when condition_problems[u.r] is null then u.condition::jsonb
                 end) a(item)
              ) i
          ) n
      ) m;
  end if;

  if items is not null then
    obstacles := array_fill(null::text, array[request_count]);
    -- What grows meanwhile is checked again while it is much: what is left for the lock should be little.
    for round in 1 .. 4 loop
      select coalesce(max(h.position), 0) into head_position from (
        select e.position from eventchain.events e where e.ledger_id = ledger order by e.position desc limit 1
      ) h;
      exit when round > 1 and head_position - seen_position <= 64;
      for hit in
        select o.request, o.positions from eventchain.find_obstacles(
          ledger, items, pair_requests, pair_items, condition_afters, seen_position, head_position, false) o
      loop
        obstacles[hit.request] := eventchain.add_obstacles(obstacles[hit.request], hit.positions);
      end loop;
      seen_position := head_position;
    end loop;
  end if;

  if items is not null and request_count > 1 and event_count > 0 then
    select array_agg(e.i order by e.r, e.i) into call_order from (
      select c.r, (c.before + g)::int as i
        from (select u.r, u.n, sum(u.n) over (order by u.r) - u.n as before
                from unnest(event_counts) with ordinality u(n, r)) c
       cross join lateral generate_series(1, c.n) g
      union all
      select r, audit_events[r] from generate_series(1, request_count) r where audit_events[r] is not null
    ) e;
    ranks_before := array_fill(0, array[request_count]);
    chains_before := ranks_before;
    for r in 2 .. request_count loop
      ranks_before[r] := ranks_before[r - 1] + event_counts[r - 1] + (audit_events[r - 1] is not null)::int;
      chains_before[r] := case when chains[r] = chains[r - 1] then chains_before[r - 1] else ranks_before[r] end;
    end loop;
    accepted := repeat('0', event_count)::varbit;
    call_masks := array_fill(null::varbit, array[request_count]);
    -- Of one chain only, no request has another's events before it.
    if exists (select from unnest(pair_requests) r where chains_before[r] > 0) then
      item_masks := array_fill(null::varbit, array[cardinality(items)]);
      for hit in
        select m.item, m.mask from eventchain.match_items(items,
          array(select stream_names[event_streams[i]] from unnest(call_order) with ordinality o(i, n) order by n),
          array(select types[i] from unnest(call_order) with ordinality o(i, n) order by n),
          array(select tags[i] from unnest(call_order) with ordinality o(i, n) order by n)) m
      loop
        item_masks[hit.item] := hit.mask;
      end loop;
      for hit in
        select p.request, bit_or(item_masks[p.item])
                 & rpad(repeat('1', chains_before[p.request]), event_count, '0')::varbit as mask
          from unnest(pair_requests, pair_items) p(request, item)
         where item_masks[p.item] is not null and chains_before[p.request] > 0
         group by p.request
      loop
        if bit_count(hit.mask) > 0 then
          call_masks[hit.request] := hit.mask;
        end if;
      end loop;
    end if;
  end if;

  -- The application's own transaction might hold the lock and forget it: not for long, and not past its end.
  if current_setting('idle_in_transaction_session_timeout') = '0' then
    perform set_config('idle_in_transaction_session_timeout', '10s', true);
  end if;

  -- NO KEY: rows that refer to the ledger (tiles, checkpoints) may be inserted meanwhile.
  select l.state, l.state_reason, l.genesis_hash into ledger_state, ledger_reason, head_hash
    from eventchain.ledgers l where l.ledger_id = ledger for no key update;

  select e.position, e.hash, e.recorded_at into hit
    from eventchain.events e where e.ledger_id = ledger order by e.position desc limit 1;
  head_position := coalesce(hit.position, 0);
  head_hash := coalesce(hit.hash, head_hash);
  recorded_at := greatest(clock_timestamp(), hit.recorded_at);
  micros := (extract(epoch from recorded_at) * 1000000)::bigint;
  micros_bytes := int8send(micros);

  start_position := head_position;

  -- What came while the lock was waited for.
  if items is not null and head_position > seen_position then
    for hit in
      select o.request, o.positions from eventchain.find_obstacles(
        ledger, items, pair_requests, pair_items, condition_afters, seen_position, head_position, true) o
    loop
      obstacles[hit.request] := eventchain.add_obstacles(obstacles[hit.request], hit.positions);
    end loop;
  end if;

  -- Each of these is one probe of an index: LIMIT keeps the planner from joining whole tables, and ORDER BY leads it
  -- to the right index even when the plan is made while the table is empty.
  select array_agg(coalesce(h.version, 0) order by i) into versions
    from generate_series(1, stream_count) i
    left join lateral (
      select e.version from eventchain.events e
       where e.ledger_id = ledger and e.stream = stream_names[i] order by e.version desc limit 1
    ) h on true;

  taken := array_fill(false, array[event_count]);
  for hit in
    select i from generate_series(1, event_count) i,
      lateral (
        select from eventchain.events e
         where e.ledger_id = ledger and e.id between ids[i] and ids[i] order by e.id limit 1
      ) h
  loop
    taken[hit.i] := true;
  end loop;

  known_hashes := array_fill(null::bytea, array[request_count]);
  known_first := array_fill(null::bigint, array[request_count]);
  known_last := known_first;
  known_outcomes := array_fill(null::text, array[request_count]);
  known_codes := known_outcomes;
  known_reasons := known_outcomes;
  for hit in
    select r, h.* from generate_series(1, request_count) r,
      lateral (
        select c.request_hash, c.first_position, c.last_position, c.outcome, c.code, c.reason
          from eventchain.commands c
         where c.ledger_id = ledger and c.command_id = command_ids[r] limit 1
      ) h
  loop
    known_hashes[hit.r] := hit.request_hash;
    known_first[hit.r] := hit.first_position;
    known_last[hit.r] := hit.last_position;
    known_outcomes[hit.r] := hit.outcome;
    known_codes[hit.r] := hit.code;
    known_reasons[hit.r] := hit.reason;
  end loop;

  positions := array_fill(null::bigint, array[event_count]);
  event_versions := positions;
  prev_hashes := array_fill(null::bytea, array[event_count]);
  hashes := prev_hashes;
  outcomes := array_fill(null::text, array[request_count]);
  first_positions := array_fill(null::bigint, array[request_count]);
  last_positions := first_positions;
  codes := outcomes;
  told_codes := outcomes;
  told_reasons := outcomes;
  conflict_streams := outcomes;
  conflict_versions := first_positions;
  conflict_positions := outcomes;
  culprits := array_fill(null::int, array[request_count]);

  -- Each request in its turn, on top of those accepted before it.
  for r in 1 .. request_count loop
    first_event := last_event + 1;
    last_event := last_event + event_counts[r];
    first_expected := last_expected + 1;
    last_expected := last_expected + expected_counts[r];

    -- A chain stays broken to its end: a member that is dependency-failed is not recorded either.
    if (chains[r] = chains[r - 1]) is not true then
      chain_broken := false;
    elsif event_counts[r - 1] > 0 and outcomes[r - 1] <> 'recorded' then
      chain_broken := true;
    end if;

    if ledger_state <> 'open' then
      outcomes[r] := 'refused';
      codes[r] := 'ledger-halted|' || coalesce(ledger_reason, 'the ledger is halted');
      continue;
    end if;
    if chain_broken then
      outcomes[r] := 'dependency-failed';
      continue;
    end if;

    if command_ids[r] is not null then
      slot := coalesce(command_slots[r], r);
      if known_hashes[slot] is not null then
        first_positions[r] := known_first[slot];
        last_positions[r] := known_last[slot];
        if known_hashes[slot] = request_hashes[r] and known_outcomes[slot] = 'rejected' then
          outcomes[r] := 'rejected-before';
          told_codes[r] := known_codes[slot];
          told_reasons[r] := known_reasons[slot];
        elsif known_hashes[slot] = request_hashes[r] and known_first[slot] is not null then
          outcomes[r] := 'duplicate';
        else
          outcomes[r] := 'command-id-reused';
        end if;
        continue;
      end if;
    end if;

    is_rejection := num_nonnulls(rejection_codes[r], rejection_reasons[r], audit_events[r]) > 0;
    from_event := case when is_rejection then coalesce(audit_events[r], 1) else first_event end;
    to_event := case when is_rejection then coalesce(audit_events[r], 0) else last_event end;

    problem := case
      when is_rejection and event_counts[r] > 0 then 'invalid-argument|a rejection has no events to append'
      when is_rejection and command_ids[r] is null then 'invalid-argument|a rejection is of a command'
      when is_rejection and (octet_length(rejection_codes[r]) between 1 and 512) is not true
        then 'invalid-argument|a rejection''s code has 1 to 512 bytes of UTF-8'
      when not is_rejection and event_counts[r] = 0 then 'invalid-argument|there is no event to append'
      when event_counts[r] > 65536 then 'too-large|one request has at most 65,536 events'
      when octet_length(command_ids[r]) not between 1 and 512
        then 'invalid-name|a command id has 1 to 512 bytes of UTF-8'
      when command_ids[r] is not null and octet_length(request_hashes[r]) is distinct from 32
        then 'invalid-argument|a request hash has 32 bytes'
      when not is_rejection and condition_problems[r] is not null then condition_problems[r]
      when not is_rejection and conditions[r] is not null and condition_afters[r] < 0
        then 'invalid-argument|a condition''s `after` is a position, or 0'
    end;
    culprit := null;
    if problem is null then
      for i in from_event .. to_event loop
        culprit := i - from_event;
        problem := case
          when problems[i] is not null then problems[i]
          when meta_commands[i] is distinct from command_ids[r]
            then 'invalid-argument|metadata.commandId is the command''s id, and absent without a command'
          when taken[coalesce(id_slots[i], i)] then 'duplicate-id|an event with this id is recorded already'
          when id_slots[i] between from_event and i - 1 then 'duplicate-id|two events of one request have one id'
        end;
        exit when problem is not null;
      end loop;
    end if;
    if problem is not null then
      outcomes[r] := 'refused';
      codes[r] := problem;
      culprits[r] := culprit;
      continue;
    end if;

    for x in first_expected .. case when is_rejection then 0 else last_expected end loop
      expected := expected_versions[x];
      v := versions[expected_streams[x]];
      if (expected = v or (expected = -1 and v > 0)) is not true then
        outcomes[r] := 'conflict';
        conflict_streams[r] := stream_names[expected_streams[x]];
        conflict_versions[r] := v;
        exit;
      end if;
    end loop;
    continue when outcomes[r] is not null;

    if conditions[r] is not null and not is_rejection then
      after := coalesce(condition_afters[r], 0);
      if after > head_position then
        outcomes[r] := 'refused';
        codes[r] := 'invalid-argument|the condition''s `after` is past the head of the ledger';
        continue;
      end if;
      conflict_positions[r] := obstacles[r];
      if call_masks[r] is not null then
        in_the_way := call_masks[r] & accepted;
        if bit_count(in_the_way) > 0 then
          conflict_positions[r] := eventchain.add_obstacles(conflict_positions[r], array(
            select positions[call_order[b]]
              from unnest(eventchain.first_bits(
                in_the_way, accepted_ranks[greatest(after - start_position, 0)::int])) b));
        end if;
      end if;
      if conflict_positions[r] <> '{}' then
        outcomes[r] := 'condition-failed';
        continue;
      end if;
    end if;

    outcomes[r] := case when is_rejection then 'rejected' else 'recorded' end;
    told_codes[r] := rejection_codes[r];
    told_reasons[r] := rejection_reasons[r];
    first_positions[r] := case when from_event <= to_event then head_position + 1 end;
    for i in from_event .. to_event loop
      s := event_streams[i];
      v := versions[s] + 1;
      versions[s] := v;
      event_versions[i] := v;
      head_position := head_position + 1;
      positions[i] := head_position;
      prev_hashes[i] := head_hash;
      head_hash := sha256(
        '\x45'::bytea || head_hash || int8send(head_position) || int8send(v) || micros_bytes || content_hashes[i]);
      hashes[i] := head_hash;
      if accepted is not null then
        call_rank := ranks_before[r] + case when is_rejection then event_counts[r] + 1 else i - first_event + 1 end;
        accepted := set_bit(accepted, call_rank - 1, 1);
        accepted_ranks[(head_position - start_position)::int] := call_rank;
      end if;
    end loop;
    last_positions[r] := case when from_event <= to_event then head_position end;
    if id_slots is not null then
      for i in from_event .. to_event loop
        taken[id_slots[i]] := true;
      end loop;
    end if;
    if command_ids[r] is not null then
      known_hashes[slot] := request_hashes[r];
      known_first[slot] := first_positions[r];
      known_last[slot] := last_positions[r];
      known_outcomes[slot] := outcomes[r];
      known_codes[slot] := rejection_codes[r];
      known_reasons[slot] := rejection_reasons[r];
    end if;
  end loop;

  if outcomes && array['recorded', 'rejected'] then
    insert into eventchain.events (ledger_id, position, version, recorded_at, id, schema, stream, type, tags,
        data, salt, data_hash, metadata, meta_salt, meta_hash, content_hash, prev_hash, hash)
      select ledger, positions[i], event_versions[i], recorded_at, ids[i], schemas[i],
             stream_names[event_streams[i]], types[i], tags[i]::text[], datas[i]::json, salts[i], data_hashes[i],
             metadatas[i]::json, meta_salts[i], meta_hashes[i], content_hashes[i], prev_hashes[i], hashes[i]
        from generate_series(1, event_count) i
       where positions[i] is not null;

    insert into eventchain.event_tags (ledger_id, tag, type, position)
      select ledger, t.tag, types[i], positions[i]
        from generate_series(1, event_count) i, unnest(tags[i]::text[]) as t(tag)
       where positions[i] is not null;

    insert into eventchain.commands (ledger_id, command_id, request_hash, type, actor, outcome, code, reason,
        first_position, last_position, at)
      select ledger, command_ids[r], request_hashes[r], command_types[r], command_actors[r], outcomes[r],
             rejection_codes[r], rejection_reasons[r], first_positions[r], last_positions[r], recorded_at
        from generate_series(1, request_count) r
       where command_ids[r] is not null and outcomes[r] in ('recorded', 'rejected');
  end if;

  last_event := 0;
  for r in 1 .. request_count loop
    first_event := last_event + 1;
    last_event := last_event + event_counts[r];
    request := r;
    outcome := outcomes[r];
    case outcome
      when 'recorded' then
        recorded_at_micros := micros;
        for i in first_event .. last_event loop
          position := positions[i];
          stream := stream_names[event_streams[i]];
          version := event_versions[i];
          id := ids[i];
          hash := hashes[i];
          return next;
        end loop;
      when 'duplicate' then
        return query
          select r, 'duplicate', e.position, e.stream, e.version, e.id, e.hash,
                 (extract(epoch from e.recorded_at) * 1000000)::bigint, null::text, null::text, null::int
            from eventchain.events e
           where e.ledger_id = ledger and e.position between first_positions[r] and last_positions[r]
           order by e.position;
      when 'condition-failed' then
        return query
          select r, 'condition-failed', p, null::text, null::bigint, null::uuid, null::bytea, null::bigint,
                 null::text, null::text, null::int
            from unnest(conflict_positions[r]::bigint[]) p order by p;
      else
        position := case when outcome in ('rejected', 'rejected-before') then first_positions[r] end;
        stream := conflict_streams[r];
        version := conflict_versions[r];
        id := null;
        hash := null;
        recorded_at_micros := null;
        code := coalesce(told_codes[r], split_part(codes[r], '|', 1));
        message := coalesce(told_reasons[r], substr(codes[r], length(code) + 2));
        event := culprits[r];
        return next;
        code := null;
        message := null;
        event := null;
    end case;
  end loop;
end
$$;

revoke all on function eventchain.count_names, eventchain.condition_problem, eventchain.first_past,
  eventchain.find_matching, eventchain.match_items, eventchain.first_bits, eventchain.find_obstacles,
  eventchain.add_obstacles, eventchain.is_list, eventchain.rejection_data,
  eventchain.append_events from public;
grant execute on function eventchain.append_events to eventchain_writer;
