-- Reading by queries. An item of a query is driven by one index that gives positions in order: its streams', its rarest
-- tag's, its types', or that of a text in the metadata. What the index does not tell is probed for each position, so that
-- a read costs what its rarest condition has, not what the ledger has.

-- The hash and not the text: an entry of a B-tree is limited to 2.7 kB, and an append must not fail by its metadata.
create index events_actor on eventchain.events
  (ledger_id, hashtextextended(metadata ->> 'actor', 0), position) where metadata ->> 'actor' is not null;
create index events_ip on eventchain.events
  (ledger_id, hashtextextended(metadata ->> 'ip', 0), position) where metadata ->> 'ip' is not null;
create index events_correlation on eventchain.events
  (ledger_id, hashtextextended(metadata ->> 'correlationId', 0), position) where metadata ->> 'correlationId' is not null;
create index events_causation on eventchain.events
  (ledger_id, hashtextextended(metadata ->> 'causationId', 0), position) where metadata ->> 'causationId' is not null;

-- A query as `sees` takes it: "all" as JSON (every event, the ledger's own too), or from a list of items
-- {"streams": {name: rests}, "tags": {tag: rests}, "types": {name: rests}}. Each item is filed under its streams, else
-- under its first tag, else under its types; a rest is what else it asks for. So an event is not held against every item.
create function eventchain.sieve_of(query jsonb) returns jsonb
language sql immutable parallel safe
return case
  when query = '"all"' then query
  when jsonb_typeof(query) = 'array' then (
    select coalesce(jsonb_object_agg(kind, names), '{}')
    from (
      select kind, jsonb_object_agg(name, rests) as names
      from (
        select kind, name, jsonb_agg(rest) as rests
        from (
          select 'streams' as kind, n.name, item - 'streams' as rest
          from jsonb_array_elements(query) i (item), jsonb_array_elements_text(item -> 'streams') n (name)
          union all
          select 'tags', item -> 'tags' ->> 0,
                 case when jsonb_array_length(item -> 'tags') = 1 then item - 'tags' else item end
          from jsonb_array_elements(query) i (item)
          where not item ? 'streams' and item -> 'tags' ->> 0 is not null
          union all
          select 'types', n.name, '{}'
          from jsonb_array_elements(query) i (item), jsonb_array_elements_text(item -> 'types') n (name)
          where not item ? 'streams' and not item ? 'tags'
        ) filed
        group by kind, name
      ) named
      group by kind
    ) kinds)
  else '{}'
end;

-- Whether an event meets the query of a sieve. What is no sieve lets nothing through.
create function eventchain.sees(sieve jsonb, stream text, type text, tags text[]) returns boolean
language plpgsql immutable parallel safe
as $$
declare
  tag text;
  rests jsonb;
  rest jsonb;
begin
  if sieve = '"all"' then
    return true;
  end if;
  rests := coalesce(sieve -> 'streams' -> stream, '[]') || coalesce(sieve -> 'types' -> type, '[]');
  if sieve ? 'tags' then
    foreach tag in array tags loop
      rests := rests || coalesce(sieve -> 'tags' -> tag, '[]');
    end loop;
  end if;
  if rests -> 0 = '{}' then
    return true;
  end if;
  for rest in select jsonb_array_elements(rests) loop
    if (not rest ? 'types' or rest -> 'types' ? type) and (not rest ? 'tags' or to_jsonb(tags) @> (rest -> 'tags')) then
      return true;
    end if;
  end loop;
  return false;
end
$$;

-- The rest of what an event must meet, whichever item it meets: texts of its metadata, two sieves, and (where there is
-- `own`) not to be the ledger's own.
create function eventchain.passes(
  checks jsonb, stream text, type text, tags text[], metadata json
) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return (not checks ? 'own' or left(type, 1) <> '$')
    and (not checks ? 'actor' or metadata ->> 'actor' = checks ->> 'actor')
    and (not checks ? 'ip' or metadata ->> 'ip' = checks ->> 'ip')
    and (not checks ? 'correlationId' or metadata ->> 'correlationId' = checks ->> 'correlationId')
    and (not checks ? 'causationIds' or checks -> 'causationIds' ? (metadata ->> 'causationId'))
    and (not checks ? 'access' or eventchain.sees(checks -> 'access', stream, type, tags))
    and (not checks ? 'restriction' or eventchain.sees(checks -> 'restriction', stream, type, tags));
end
$$;

-- One item's conditions and the rest. Not STRICT, so that the planner can inline it.
create function eventchain.holds(
  streams text[], types text[], wanted_tags text[], checks jsonb,
  stream text, type text, tags text[], metadata json
) returns boolean
language sql immutable parallel safe
return (streams is null or stream = any (streams))
   and (types is null or type = any (types))
   and (wanted_tags is null or tags @> wanted_tags)
   and (checks is null or eventchain.passes(checks, stream, type, tags, metadata));

-- The greatest version of a stream whose position is not past `upto`; 0 where there is none. Versions rise along
-- positions, so it is found from the newest one by steps that double, then by halving.
create function eventchain.version_at(ledger bigint, name text, upto bigint) returns bigint
language plpgsql stable
as $$
declare
  low bigint := 0;
  high bigint;
  step bigint := 1;
  middle bigint;
  found_position bigint;
begin
  if upto < 1 then
    return 0;
  end if;
  select e.version, e.position into high, found_position
    from eventchain.events e where e.ledger_id = ledger and e.stream = name order by e.version desc limit 1;
  if high is null or found_position <= upto then
    return coalesce(high, 0);
  end if;
  while high - low > 1 loop
    middle := case when low = 0 and high > step then high - step else low + (high - low) / 2 end;
    step := step * 2;
    select e.position into found_position
      from eventchain.events e where e.ledger_id = ledger and e.stream = name and e.version = middle;
    if found_position <= upto then
      low := middle;
    else
      high := middle;
    end if;
  end loop;
  return low;
end
$$;

-- The first `take` positions from `low` to `high` that one index gives, from the end that is read first.
--
-- `kind` says which: 'stream', 'tag', 'tag-type', 'type', 'actor', 'ip', 'correlation', 'causation', or 'all', the
-- positions themselves; `key` is the name or the text. `plain`: the index tells all, nothing else is probed; for a tag
-- the types are part of what it tells. Only one arm of each statement runs. Comparing rows, and ordering by all their
-- columns, leaves the planner one index: by `type = …` it could walk along all positions instead, and look for the type.
create function eventchain.index_positions(
  ledger bigint, kind text, key text, key_type text,
  low bigint, high bigint, backwards boolean, take bigint,
  plain boolean, streams text[], types text[], wanted_tags text[], checks jsonb
) returns bigint[]
language plpgsql stable
as $$
declare
  low_version bigint;
  high_version bigint;
  key_hash constant bigint := hashtextextended(key, 0);
begin
  case kind
    when 'stream' then
      high_version := eventchain.version_at(ledger, key, high);
      if high_version = 0 then
        return '{}';
      end if;
      low_version := eventchain.version_at(ledger, key, low - 1);
      return array(
        (select e.position from eventchain.events e
          where not backwards and e.ledger_id = ledger and e.stream = key
            and e.version > low_version and e.version <= high_version
            and (plain or eventchain.holds(null, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by e.version limit take)
        union all
        (select e.position from eventchain.events e
          where backwards and e.ledger_id = ledger and e.stream = key
            and e.version > low_version and e.version <= high_version
            and (plain or eventchain.holds(null, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by e.version desc limit take));
    when 'tag' then
      return array(
        (select t.position from eventchain.event_tags t
          where not backwards and t.ledger_id = ledger and t.tag = key and t.position between low and high
            and (types is null or t.type = any (types))
            and (plain or (
              select eventchain.holds(streams, null, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata)
                from eventchain.events e where e.ledger_id = t.ledger_id and e.position = t.position))
          order by t.position limit take)
        union all
        (select t.position from eventchain.event_tags t
          where backwards and t.ledger_id = ledger and t.tag = key and t.position between low and high
            and (types is null or t.type = any (types))
            and (plain or (
              select eventchain.holds(streams, null, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata)
                from eventchain.events e where e.ledger_id = t.ledger_id and e.position = t.position))
          order by t.position desc limit take));
    when 'tag-type' then
      return array(
        (select t.position from eventchain.event_tags t
          where not backwards and t.ledger_id = ledger and t.tag = key
            and (t.type, t.position) >= (key_type, low) and (t.type, t.position) <= (key_type, high)
            and (plain or (
              select eventchain.holds(streams, null, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata)
                from eventchain.events e where e.ledger_id = t.ledger_id and e.position = t.position))
          order by t.type, t.position limit take)
        union all
        (select t.position from eventchain.event_tags t
          where backwards and t.ledger_id = ledger and t.tag = key
            and (t.type, t.position) >= (key_type, low) and (t.type, t.position) <= (key_type, high)
            and (plain or (
              select eventchain.holds(streams, null, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata)
                from eventchain.events e where e.ledger_id = t.ledger_id and e.position = t.position))
          order by t.type desc, t.position desc limit take));
    when 'type' then
      return array(
        (select e.position from eventchain.events e
          where not backwards and e.ledger_id = ledger
            and (e.type, e.position) >= (key, low) and (e.type, e.position) <= (key, high)
            and (plain or eventchain.holds(streams, null, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by e.type, e.position limit take)
        union all
        (select e.position from eventchain.events e
          where backwards and e.ledger_id = ledger
            and (e.type, e.position) >= (key, low) and (e.type, e.position) <= (key, high)
            and (plain or eventchain.holds(streams, null, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by e.type desc, e.position desc limit take));
    when 'actor' then
      return array(
        (select e.position from eventchain.events e
          where not backwards and e.ledger_id = ledger and e.metadata ->> 'actor' is not null
            and (hashtextextended(e.metadata ->> 'actor', 0), e.position) >= (key_hash, low)
            and (hashtextextended(e.metadata ->> 'actor', 0), e.position) <= (key_hash, high)
            and (plain or eventchain.holds(streams, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by hashtextextended(e.metadata ->> 'actor', 0), e.position limit take)
        union all
        (select e.position from eventchain.events e
          where backwards and e.ledger_id = ledger and e.metadata ->> 'actor' is not null
            and (hashtextextended(e.metadata ->> 'actor', 0), e.position) >= (key_hash, low)
            and (hashtextextended(e.metadata ->> 'actor', 0), e.position) <= (key_hash, high)
            and (plain or eventchain.holds(streams, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by hashtextextended(e.metadata ->> 'actor', 0) desc, e.position desc limit take));
    when 'ip' then
      return array(
        (select e.position from eventchain.events e
          where not backwards and e.ledger_id = ledger and e.metadata ->> 'ip' is not null
            and (hashtextextended(e.metadata ->> 'ip', 0), e.position) >= (key_hash, low)
            and (hashtextextended(e.metadata ->> 'ip', 0), e.position) <= (key_hash, high)
            and (plain or eventchain.holds(streams, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by hashtextextended(e.metadata ->> 'ip', 0), e.position limit take)
        union all
        (select e.position from eventchain.events e
          where backwards and e.ledger_id = ledger and e.metadata ->> 'ip' is not null
            and (hashtextextended(e.metadata ->> 'ip', 0), e.position) >= (key_hash, low)
            and (hashtextextended(e.metadata ->> 'ip', 0), e.position) <= (key_hash, high)
            and (plain or eventchain.holds(streams, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by hashtextextended(e.metadata ->> 'ip', 0) desc, e.position desc limit take));
    when 'correlation' then
      return array(
        (select e.position from eventchain.events e
          where not backwards and e.ledger_id = ledger and e.metadata ->> 'correlationId' is not null
            and (hashtextextended(e.metadata ->> 'correlationId', 0), e.position) >= (key_hash, low)
            and (hashtextextended(e.metadata ->> 'correlationId', 0), e.position) <= (key_hash, high)
            and (plain or eventchain.holds(streams, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by hashtextextended(e.metadata ->> 'correlationId', 0), e.position limit take)
        union all
        (select e.position from eventchain.events e
          where backwards and e.ledger_id = ledger and e.metadata ->> 'correlationId' is not null
            and (hashtextextended(e.metadata ->> 'correlationId', 0), e.position) >= (key_hash, low)
            and (hashtextextended(e.metadata ->> 'correlationId', 0), e.position) <= (key_hash, high)
            and (plain or eventchain.holds(streams, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by hashtextextended(e.metadata ->> 'correlationId', 0) desc, e.position desc limit take));
    when 'causation' then
      return array(
        (select e.position from eventchain.events e
          where not backwards and e.ledger_id = ledger and e.metadata ->> 'causationId' is not null
            and (hashtextextended(e.metadata ->> 'causationId', 0), e.position) >= (key_hash, low)
            and (hashtextextended(e.metadata ->> 'causationId', 0), e.position) <= (key_hash, high)
            and (plain or eventchain.holds(streams, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by hashtextextended(e.metadata ->> 'causationId', 0), e.position limit take)
        union all
        (select e.position from eventchain.events e
          where backwards and e.ledger_id = ledger and e.metadata ->> 'causationId' is not null
            and (hashtextextended(e.metadata ->> 'causationId', 0), e.position) >= (key_hash, low)
            and (hashtextextended(e.metadata ->> 'causationId', 0), e.position) <= (key_hash, high)
            and (plain or eventchain.holds(streams, types, wanted_tags, checks, e.stream, e.type, e.tags, e.metadata))
          order by hashtextextended(e.metadata ->> 'causationId', 0) desc, e.position desc limit take));
    when 'all' then
      return array(
        (select e.position from eventchain.events e
          where not backwards and e.ledger_id = ledger and e.position between low and high
            and (plain or eventchain.holds(null, null, null, checks, e.stream, e.type, e.tags, e.metadata))
          order by e.position limit take)
        union all
        (select e.position from eventchain.events e
          where backwards and e.ledger_id = ledger and e.position between low and high
            and (plain or eventchain.holds(null, null, null, checks, e.stream, e.type, e.tags, e.metadata))
          order by e.position desc limit take));
  end case;
end
$$;

-- The ways by which an item's events can be found, each as {"kind", "tag", "keys"}: the first `take` of any key's
-- positions together hold the first `take` of the item's.
create function eventchain.ways_of(item jsonb, checks jsonb) returns jsonb[]
language plpgsql immutable
as $$
declare
  ways jsonb[] := '{}';
  tag jsonb;
begin
  if checks ? 'actor' then
    ways := ways || jsonb_build_object('kind', 'actor', 'keys', jsonb_build_array(checks -> 'actor'));
  end if;
  if checks ? 'ip' then
    ways := ways || jsonb_build_object('kind', 'ip', 'keys', jsonb_build_array(checks -> 'ip'));
  end if;
  if checks ? 'correlationId' then
    ways := ways || jsonb_build_object('kind', 'correlation', 'keys', jsonb_build_array(checks -> 'correlationId'));
  end if;
  if checks ? 'causationIds' then
    ways := ways || jsonb_build_object('kind', 'causation', 'keys', checks -> 'causationIds');
  end if;
  if item ? 'streams' then
    ways := ways || jsonb_build_object('kind', 'stream', 'keys', item -> 'streams');
  end if;
  for tag in select jsonb_array_elements(item -> 'tags') where item ? 'tags' loop
    if item ? 'types' then
      ways := ways || jsonb_build_object('kind', 'tag-type', 'tag', tag, 'keys', item -> 'types');
    end if;
    -- Many types are many looks into the index: its tag alone may have fewer events than that.
    if not item ? 'types' or jsonb_array_length(item -> 'types') > 16 then
      ways := ways || jsonb_build_object('kind', 'tag', 'keys', jsonb_build_array(tag));
    end if;
  end loop;
  if item ? 'types' and not item ? 'tags' then
    ways := ways || jsonb_build_object('kind', 'type', 'keys', item -> 'types');
  end if;
  return case when ways = '{}' then array['{"kind": "all", "keys": [null]}'::jsonb] else ways end;
end
$$;

-- The way with the fewest positions in the range. All are counted to the same bound, which is raised as long as all have
-- more, up to what a page of `take` events is worth; then the one counts whose positions lie farthest apart.
create function eventchain.pick_way(
  ledger bigint, ways jsonb[], low bigint, high bigint, backwards boolean, take bigint
) returns jsonb
language plpgsql stable
as $$
declare
  start constant bigint := case when backwards then high else low end;
  cap bigint;
  way jsonb;
  key text;
  seen bigint[];
  cost bigint;
  density float8;
  best jsonb;
  best_cost bigint;
  best_density float8;
begin
  if cardinality(ways) = 1 then
    return ways[1];
  end if;
  foreach cap in array array[32, 1024, 16 * least(take, 1024)] loop
    continue when cap <= best_cost;
    best_cost := null;
    foreach way in array ways loop
      cost := 0;
      density := 0;
      for key in select jsonb_array_elements_text(way -> 'keys') loop
        seen := eventchain.index_positions(
          ledger, way ->> 'kind', coalesce(way ->> 'tag', key), key, low, high, backwards, cap - cost,
          true, null, null, null, null);
        density := density + case when cardinality(seen) = cap - cost
          then cardinality(seen) / (abs(seen[cardinality(seen)] - start) + 1)::float8
          else cardinality(seen) / greatest(high - low + 1, 1)::float8 end;
        -- A look into an index costs about what a position does.
        cost := cost + 1 + cardinality(seen);
        exit when cost >= cap;
      end loop;
      if best_cost is null or cost < best_cost and cost < cap or best_cost >= cap and density < best_density then
        best := way;
        best_cost := cost;
        best_density := density;
      end if;
    end loop;
    exit when best_cost < cap;
  end loop;
  return best;
end
$$;

-- What the caller may see, as a sieve; null where nothing restricts them. The roles that read everything are not
-- restricted, nor is the owner; whoever else is gets what `restrict` has set for this transaction, or nothing.
create function eventchain.restriction_on(ledger bigint) returns jsonb
language plpgsql stable
as $$
declare
  caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
  if pg_has_role(caller, 'eventchain_writer', 'usage') or pg_has_role(caller, 'eventchain_reader', 'usage')
     or pg_has_role(caller, 'eventchain_sealer', 'usage') or pg_has_role(caller, current_user, 'usage') then
    return null;
  end if;
  if current_setting('eventchain.ledger', true) = ledger::text then
    return nullif(coalesce(nullif(current_setting('eventchain.access', true), '')::jsonb, '{}'), '"all"');
  end if;
  return '{}';
end
$$;

-- The first `take` positions from `low` to `high` whose events meet a search, in the order of reading.
--
-- A search is {"items", "checks"}, both optional: a list of items, of which one must be met, and what `passes` takes, but
-- for `access`, which is a query here.
-- STABLE: it sees what its caller's statement sees. As its owner, since row-level security would keep the planner from
-- the indexes of metadata; it minds the caller's restriction itself.
create function eventchain.find_positions(
  ledger bigint, low bigint, high bigint, backwards boolean, take bigint, search jsonb
) returns bigint[]
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
declare
  restriction jsonb := eventchain.restriction_on(ledger);
  checks jsonb := search -> 'checks';
  item jsonb;
  way jsonb;
  kind text;
  key text;
  streams text[];
  types text[];
  wanted_tags text[];
  plain boolean;
  more bigint[];
  -- Those found so far, each once and in order; and what was found since, as it came.
  found_positions bigint[] := '{}';
  pending bigint[] := '{}';
begin
  if low > high then
    return '{}';
  end if;
  if checks ? 'access' then
    checks := checks || jsonb_build_object('access', eventchain.sieve_of(checks -> 'access'));
  end if;
  if restriction is not null then
    checks := coalesce(checks, '{}') || jsonb_build_object('restriction', restriction);
  end if;
  for item in select jsonb_array_elements(coalesce(search -> 'items', '[{}]')) loop
    streams := case when item ? 'streams' then array(select jsonb_array_elements_text(item -> 'streams')) end;
    types := case when item ? 'types' then array(select jsonb_array_elements_text(item -> 'types')) end;
    wanted_tags := case when item ? 'tags' then array(select jsonb_array_elements_text(item -> 'tags')) end;
    way := eventchain.pick_way(ledger, eventchain.ways_of(item, checks), low, high, backwards, take);
    kind := way ->> 'kind';
    plain := checks is null and case kind
      when 'stream' then types is null and wanted_tags is null
      when 'tag' then streams is null and cardinality(wanted_tags) = 1
      when 'tag-type' then streams is null and cardinality(wanted_tags) = 1
      when 'type' then streams is null and wanted_tags is null
      else kind = 'all'
    end;
    for key in select jsonb_array_elements_text(way -> 'keys') loop
      more := eventchain.index_positions(
        ledger, kind, coalesce(way ->> 'tag', key), key, low, high, backwards, take,
        plain, streams, types, wanted_tags, checks);
      continue when more = '{}';
      if found_positions = '{}' and pending = '{}' then
        found_positions := more;
      else
        pending := pending || more;
        continue when cardinality(pending) < take;
        found_positions := eventchain.merge_positions(found_positions, pending, backwards, take);
        pending := '{}';
      end if;
      -- Nothing past the last of a full page is asked for any more.
      if cardinality(found_positions) = take and backwards then
        low := found_positions[take];
      elsif cardinality(found_positions) = take then
        high := found_positions[take];
      end if;
    end loop;
  end loop;
  return case when pending = '{}' then found_positions
    else eventchain.merge_positions(found_positions, pending, backwards, take) end;
end
$$;

-- The first `take` of both, each once, in the order of reading.
create function eventchain.merge_positions(one bigint[], other bigint[], backwards boolean, take bigint) returns bigint[]
language plpgsql immutable
as $$
begin
  return array(
    select p from (select unnest(one) union select unnest(other)) both_of (p)
     order by case when backwards then -p else p end limit take);
end
$$;

-- How many events from `low` to `high` meet a search.
create function eventchain.count_positions(ledger bigint, low bigint, high bigint, search jsonb) returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  take constant bigint := 50000;
  page bigint[];
  total bigint := 0;
begin
  loop
    page := eventchain.find_positions(ledger, low, high, false, take, search);
    total := total + cardinality(page);
    exit when cardinality(page) < take;
    low := page[take] + 1;
    exit when low > high;
  end loop;
  return total;
end
$$;

-- A reader with an access of their own: `eventchain_viewer` sees the events that `restrict` has set for the transaction,
-- of one ledger, and without it none. This stops bugs, a read that forgot its access; it does not stop stolen
-- credentials: whoever can speak SQL as the application can set another access, or none.

-- For the rest of the transaction: the role that sees only what meets the query `access`, of one ledger.
-- As the caller, who must be a member of the role.
create function eventchain.restrict(ledger bigint, access jsonb) returns void
language sql volatile
begin atomic
  select set_config('eventchain.ledger', ledger::text, true), set_config('eventchain.access', eventchain.sieve_of(access)::text, true),
         set_config('role', 'eventchain_viewer', true);
end;

grant usage on schema eventchain to eventchain_viewer;
grant select on eventchain.events, eventchain.event_tags, eventchain.commands to eventchain_viewer;

-- The owner is above its tables' policies: the append function and the migrations go on as before.
alter table eventchain.events enable row level security;
alter table eventchain.event_tags enable row level security;
alter table eventchain.commands enable row level security;

create policy whole on eventchain.events for select
  to eventchain_writer, eventchain_reader, eventchain_sealer using (true);
create policy whole on eventchain.event_tags for select
  to eventchain_writer, eventchain_reader, eventchain_sealer using (true);
create policy whole on eventchain.commands for select
  to eventchain_writer, eventchain_reader, eventchain_sealer using (true);

-- A setting that is missing is null, one that was set in an earlier transaction of this session is '': neither shows a
-- row. The subqueries are evaluated once for each statement.
create policy restricted on eventchain.events for select to eventchain_viewer using (
  ledger_id = (select nullif(current_setting('eventchain.ledger', true), '')::bigint)
  and eventchain.sees((select nullif(current_setting('eventchain.access', true), '')::jsonb), stream, type, tags)
);
create policy restricted on eventchain.event_tags for select to eventchain_viewer using (
  ledger_id = (select nullif(current_setting('eventchain.ledger', true), '')::bigint)
  and exists (select from eventchain.events e where e.ledger_id = event_tags.ledger_id and e.position = event_tags.position)
);
-- A command shows where all its events do.
create policy restricted on eventchain.commands for select to eventchain_viewer using (
  ledger_id = (select nullif(current_setting('eventchain.ledger', true), '')::bigint)
  and last_position - first_position + 1 = (
    select count(*) from eventchain.events e
    where e.ledger_id = commands.ledger_id and e.position between commands.first_position and commands.last_position)
);

-- The schema of each version of an event type, as it was when its first use began.
create table eventchain.event_schemas (
  ledger_id     bigint not null references eventchain.ledgers,
  type          text collate "C" not null check (octet_length(type) between 1 and 512),
  version       int not null check (version >= 1),
  -- SHA-256 of the text of `schema`.
  hash          bytea not null check (octet_length(hash) = 32),
  schema        json not null,
  first_used_at timestamptz not null default clock_timestamp(),
  primary key (ledger_id, type, version)
);
create trigger append_only before update or delete on eventchain.event_schemas
  for each row execute function eventchain.refuse_change();
create trigger no_truncate before truncate on eventchain.event_schemas
  for each statement execute function eventchain.refuse_change();
grant select on eventchain.event_schemas to eventchain_writer, eventchain_reader, eventchain_sealer;

-- Keeps the schemas that are not kept yet, and gives what is kept now for each type and version that was asked for.
-- Racers write in one order, and the second statement sees what the first one waited for.
create function eventchain.keep_schemas(ledger bigint, types text[], versions int[], schemas text[])
returns table (type text, version int, hash bytea, schema text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10s'
as $$
#variable_conflict use_column
begin
  insert into eventchain.event_schemas (ledger_id, type, version, hash, schema)
    select l.ledger_id, w.type, w.version, sha256(convert_to(w.schema, 'UTF8')), w.schema::json
      from eventchain.ledgers l, unnest(types, versions, schemas) w (type, version, schema)
     where l.ledger_id = ledger
     order by w.type collate "C", w.version
    on conflict do nothing;
  return query
    select s.type, s.version, s.hash, s.schema::text
      from eventchain.event_schemas s
      join unnest(types, versions) w (type, version) on s.type = w.type and s.version = w.version
     where s.ledger_id = ledger;
end
$$;

revoke all on function eventchain.sieve_of, eventchain.sees, eventchain.passes, eventchain.holds, eventchain.version_at,
  eventchain.index_positions, eventchain.ways_of, eventchain.pick_way, eventchain.restriction_on,
  eventchain.find_positions, eventchain.merge_positions, eventchain.count_positions, eventchain.restrict,
  eventchain.keep_schemas from public;
grant execute on function eventchain.sieve_of, eventchain.sees, eventchain.find_positions, eventchain.count_positions
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_viewer;
grant execute on function eventchain.restrict to eventchain_writer, eventchain_reader, eventchain_viewer;
grant execute on function eventchain.keep_schemas to eventchain_writer;
