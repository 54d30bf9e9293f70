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
  more jsonb;
  rests jsonb;
  rest jsonb;
begin
  if sieve = '"all"' then
    return true;
  end if;
  -- By paths: each step of -> would copy what it leads to.
  rests := coalesce(sieve #> array['streams', stream], '[]') || coalesce(sieve #> array['types', type], '[]');
  if sieve ? 'tags' then
    foreach tag in array tags loop
      more := sieve #> array['tags', tag];
      if more is not null then
        rests := rests || more;
      end if;
    end loop;
  end if;
  if rests -> 0 = '{}' then
    return true;
  end if;
  for rest in select jsonb_array_elements(rests) loop
    if jsonb_typeof(rest) = 'object' and (not rest ? 'types' or rest -> 'types' ? type)
       and (not rest ? 'tags' or to_jsonb(tags) @> (rest -> 'tags')) then
      return true;
    end if;
  end loop;
  return false;
end
$$;

-- What an event must meet whichever item it meets: texts of its metadata, and (where there is `own`) not to be the
-- ledger's own.
create function eventchain.passes(checks jsonb, type text, metadata json) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  return (not checks ? 'own' or left(type, 1) <> '$')
    and (not checks ? 'actor' or metadata ->> 'actor' = checks ->> 'actor')
    and (not checks ? 'ip' or metadata ->> 'ip' = checks ->> 'ip')
    and (not checks ? 'correlationId' or metadata ->> 'correlationId' = checks ->> 'correlationId')
    and (not checks ? 'causationIds' or checks -> 'causationIds' ? (metadata ->> 'causationId'));
end
$$;

-- One item's conditions, the checks, and two sieves: the read's access and the caller's restriction. What is null sets
-- no condition. Not STRICT, so that the planner can inline it.
create function eventchain.holds(
  streams text[], types text[], wanted_tags text[], checks jsonb, sieves jsonb[],
  stream text, type text, tags text[], metadata json
) returns boolean
language sql immutable parallel safe
return (streams is null or stream = any (streams))
   and (types is null or type = any (types))
   and (wanted_tags is null or tags @> wanted_tags)
   and (checks is null or eventchain.passes(checks, type, metadata))
   and (sieves is null
     or eventchain.sees(sieves[1], stream, type, tags) and eventchain.sees(sieves[2], stream, type, tags));

-- The greatest version of a stream whose position is not past `upto`; `at_least`, which is known to be before, where there
-- is none past it. Versions rise along positions: the one next to `at_least` is asked first, since a page often ends
-- before it, then from the newest one by steps that double, then by halving. `at_least` is null where nothing is known
-- and `upto` is likely to be near the head: then the newest one is asked first, and old pages are left alone.
--
-- One row is asked for as a range in an order, here and below: for an equality, a plan that was made while the table was
-- empty could take any index that the ledger leads.
create function eventchain.version_at(ledger bigint, name text, upto bigint, at_least bigint) returns bigint
language plpgsql stable
as $$
declare
  low bigint := coalesce(at_least, 0);
  known constant bigint := coalesce(at_least + 1, 0);
  high bigint;
  step bigint := 1;
  middle bigint;
  found_position bigint;
begin
  if upto < 1 then
    return low;
  end if;
  if at_least is not null then
    select e.position into found_position
      from eventchain.events e where e.ledger_id = ledger and e.stream = name and e.version between known and known
     order by e.version limit 1;
    if found_position is null or found_position > upto then
      return low;
    end if;
    low := known;
  end if;
  select e.version, e.position into high, found_position
    from eventchain.events e where e.ledger_id = ledger and e.stream = name order by e.version desc limit 1;
  if high is null or found_position <= upto then
    return coalesce(high, 0);
  end if;
  while high - low > 1 loop
    middle := case when low = known and high - step > low then high - step else low + (high - low) / 2 end;
    step := step * 2;
    select e.position into found_position
      from eventchain.events e where e.ledger_id = ledger and e.stream = name and e.version between middle and middle
     order by e.version limit 1;
    if found_position <= upto then
      low := middle;
    else
      high := middle;
    end if;
  end loop;
  return low;
end
$$;

-- For each key the first `take` positions from `low` to `high` that one index gives, from the end that is read first.
--
-- `kind` says which: 'stream', 'tag', 'tag-type', 'type', 'actor', 'ip', 'correlation', 'causation', or 'all', the
-- positions themselves; a key is a name or a text. 'tag-type': of `tag` those of the types that are the keys. 'tags' and
-- 'tags-type': what the first two of the wanted tags have in common, found by reading both along their positions; a probe
-- there takes from both, so that it comes after their join.
-- `plain`: the index tells all, nothing else is probed; for a tag the types are part of what it tells. Only one arm of
-- each statement runs. Comparing rows, and ordering by all their columns, leaves the planner one index: by `type = …` it
-- could walk along all positions instead, and look for the type.
create function eventchain.index_positions(
  ledger bigint, kind text, tag text, keys text[],
  low bigint, high bigint, backwards boolean, take bigint,
  plain boolean, streams text[], types text[], wanted_tags text[], checks jsonb, sieves jsonb[]
) returns bigint[]
language plpgsql stable
as $$
#variable_conflict use_column
begin
  case kind
    when 'stream' then
      return array(
        (select f.position from unnest(keys) k (name)
          cross join lateral eventchain.version_at(ledger, k.name, low - 1, null) low_version
          cross join lateral eventchain.version_at(ledger, k.name, high, low_version) high_version
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.stream = k.name and e.version > low_version and e.version <= high_version
               and (plain or eventchain.holds(
                 null, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by e.version limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (name)
          cross join lateral eventchain.version_at(ledger, k.name, low - 1, null) low_version
          cross join lateral eventchain.version_at(ledger, k.name, high, low_version) high_version
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.stream = k.name and e.version > low_version and e.version <= high_version
               and (plain or eventchain.holds(
                 null, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by e.version desc limit take) f
          where backwards));
    when 'tag' then
      return array(
        (select f.position from unnest(keys) k (tag)
          cross join lateral (
            select t.position from eventchain.event_tags t
             where t.ledger_id = ledger and t.tag = k.tag and t.position between low and high
               and (types is null or t.type = any (types))
               and (plain or (
                 select eventchain.holds(streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata)
                   from eventchain.events e where e.ledger_id = t.ledger_id and e.position between t.position and t.position
                   order by e.position limit 1))
             order by t.position limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (tag)
          cross join lateral (
            select t.position from eventchain.event_tags t
             where t.ledger_id = ledger and t.tag = k.tag and t.position between low and high
               and (types is null or t.type = any (types))
               and (plain or (
                 select eventchain.holds(streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata)
                   from eventchain.events e where e.ledger_id = t.ledger_id and e.position between t.position and t.position
                   order by e.position limit 1))
             order by t.position desc limit take) f
          where backwards));
    when 'tag-type' then
      return array(
        (select f.position from unnest(keys) k (type)
          cross join lateral (
            select t.position from eventchain.event_tags t
             where t.ledger_id = ledger and t.tag = index_positions.tag
               and (t.type, t.position) >= (k.type, low) and (t.type, t.position) <= (k.type, high)
               and (plain or (
                 select eventchain.holds(streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata)
                   from eventchain.events e where e.ledger_id = t.ledger_id and e.position between t.position and t.position
                   order by e.position limit 1))
             order by t.type, t.position limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (type)
          cross join lateral (
            select t.position from eventchain.event_tags t
             where t.ledger_id = ledger and t.tag = index_positions.tag
               and (t.type, t.position) >= (k.type, low) and (t.type, t.position) <= (k.type, high)
               and (plain or (
                 select eventchain.holds(streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata)
                   from eventchain.events e where e.ledger_id = t.ledger_id and e.position between t.position and t.position
                   order by e.position limit 1))
             order by t.type desc, t.position desc limit take) f
          where backwards));
    when 'tags' then
      return array(
        (select t.position from eventchain.event_tags t join eventchain.event_tags o on o.position = t.position
          where not backwards
            and t.ledger_id = ledger and t.tag = wanted_tags[1] and t.position between low and high
            and o.ledger_id = ledger and o.tag = wanted_tags[2] and o.position between low and high
            and (plain or (
              select eventchain.holds(streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata)
                from eventchain.events e where e.ledger_id = t.ledger_id and e.position between o.position and o.position
                   order by e.position limit 1))
          order by t.position limit take)
        union all
        (select t.position from eventchain.event_tags t join eventchain.event_tags o on o.position = t.position
          where backwards
            and t.ledger_id = ledger and t.tag = wanted_tags[1] and t.position between low and high
            and o.ledger_id = ledger and o.tag = wanted_tags[2] and o.position between low and high
            and (plain or (
              select eventchain.holds(streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata)
                from eventchain.events e where e.ledger_id = t.ledger_id and e.position between o.position and o.position
                   order by e.position limit 1))
          order by t.position desc limit take));
    when 'tags-type' then
      return array(
        (select f.position from unnest(keys) k (type)
          cross join lateral (
            select t.position from eventchain.event_tags t join eventchain.event_tags o using (type, position)
             where t.ledger_id = ledger and t.tag = wanted_tags[1]
               and (t.type, t.position) >= (k.type, low) and (t.type, t.position) <= (k.type, high)
               and o.ledger_id = ledger and o.tag = wanted_tags[2]
               and (o.type, o.position) >= (k.type, low) and (o.type, o.position) <= (k.type, high)
               and (plain or (
                 select eventchain.holds(streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata)
                   from eventchain.events e where e.ledger_id = t.ledger_id and e.position between o.position and o.position
                   order by e.position limit 1))
             order by t.type, t.position limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (type)
          cross join lateral (
            select t.position from eventchain.event_tags t join eventchain.event_tags o using (type, position)
             where t.ledger_id = ledger and t.tag = wanted_tags[1]
               and (t.type, t.position) >= (k.type, low) and (t.type, t.position) <= (k.type, high)
               and o.ledger_id = ledger and o.tag = wanted_tags[2]
               and (o.type, o.position) >= (k.type, low) and (o.type, o.position) <= (k.type, high)
               and (plain or (
                 select eventchain.holds(streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata)
                   from eventchain.events e where e.ledger_id = t.ledger_id and e.position between o.position and o.position
                   order by e.position limit 1))
             order by t.type desc, t.position desc limit take) f
          where backwards));
    when 'type' then
      return array(
        (select f.position from unnest(keys) k (type)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger
               and (e.type, e.position) >= (k.type, low) and (e.type, e.position) <= (k.type, high)
               and (plain or eventchain.holds(
                 streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by e.type, e.position limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (type)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger
               and (e.type, e.position) >= (k.type, low) and (e.type, e.position) <= (k.type, high)
               and (plain or eventchain.holds(
                 streams, null, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by e.type desc, e.position desc limit take) f
          where backwards));
    when 'actor' then
      return array(
        (select f.position from unnest(keys) k (text)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.metadata ->> 'actor' is not null
               and (hashtextextended(e.metadata ->> 'actor', 0), e.position) >= (hashtextextended(k.text, 0), low)
               and (hashtextextended(e.metadata ->> 'actor', 0), e.position) <= (hashtextextended(k.text, 0), high)
               and (plain or eventchain.holds(
                 streams, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by hashtextextended(e.metadata ->> 'actor', 0), e.position limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (text)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.metadata ->> 'actor' is not null
               and (hashtextextended(e.metadata ->> 'actor', 0), e.position) >= (hashtextextended(k.text, 0), low)
               and (hashtextextended(e.metadata ->> 'actor', 0), e.position) <= (hashtextextended(k.text, 0), high)
               and (plain or eventchain.holds(
                 streams, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by hashtextextended(e.metadata ->> 'actor', 0) desc, e.position desc limit take) f
          where backwards));
    when 'ip' then
      return array(
        (select f.position from unnest(keys) k (text)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.metadata ->> 'ip' is not null
               and (hashtextextended(e.metadata ->> 'ip', 0), e.position) >= (hashtextextended(k.text, 0), low)
               and (hashtextextended(e.metadata ->> 'ip', 0), e.position) <= (hashtextextended(k.text, 0), high)
               and (plain or eventchain.holds(
                 streams, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by hashtextextended(e.metadata ->> 'ip', 0), e.position limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (text)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.metadata ->> 'ip' is not null
               and (hashtextextended(e.metadata ->> 'ip', 0), e.position) >= (hashtextextended(k.text, 0), low)
               and (hashtextextended(e.metadata ->> 'ip', 0), e.position) <= (hashtextextended(k.text, 0), high)
               and (plain or eventchain.holds(
                 streams, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by hashtextextended(e.metadata ->> 'ip', 0) desc, e.position desc limit take) f
          where backwards));
    when 'correlation' then
      return array(
        (select f.position from unnest(keys) k (text)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.metadata ->> 'correlationId' is not null
               and (hashtextextended(e.metadata ->> 'correlationId', 0), e.position) >= (hashtextextended(k.text, 0), low)
               and (hashtextextended(e.metadata ->> 'correlationId', 0), e.position) <= (hashtextextended(k.text, 0), high)
               and (plain or eventchain.holds(
                 streams, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by hashtextextended(e.metadata ->> 'correlationId', 0), e.position limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (text)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.metadata ->> 'correlationId' is not null
               and (hashtextextended(e.metadata ->> 'correlationId', 0), e.position) >= (hashtextextended(k.text, 0), low)
               and (hashtextextended(e.metadata ->> 'correlationId', 0), e.position) <= (hashtextextended(k.text, 0), high)
               and (plain or eventchain.holds(
                 streams, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by hashtextextended(e.metadata ->> 'correlationId', 0) desc, e.position desc limit take) f
          where backwards));
    when 'causation' then
      return array(
        (select f.position from unnest(keys) k (text)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.metadata ->> 'causationId' is not null
               and (hashtextextended(e.metadata ->> 'causationId', 0), e.position) >= (hashtextextended(k.text, 0), low)
               and (hashtextextended(e.metadata ->> 'causationId', 0), e.position) <= (hashtextextended(k.text, 0), high)
               and (plain or eventchain.holds(
                 streams, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by hashtextextended(e.metadata ->> 'causationId', 0), e.position limit take) f
          where not backwards)
        union all
        (select f.position from unnest(keys) k (text)
          cross join lateral (
            select e.position from eventchain.events e
             where e.ledger_id = ledger and e.metadata ->> 'causationId' is not null
               and (hashtextextended(e.metadata ->> 'causationId', 0), e.position) >= (hashtextextended(k.text, 0), low)
               and (hashtextextended(e.metadata ->> 'causationId', 0), e.position) <= (hashtextextended(k.text, 0), high)
               and (plain or eventchain.holds(
                 streams, types, wanted_tags, checks, sieves, e.stream, e.type, e.tags, e.metadata))
             order by hashtextextended(e.metadata ->> 'causationId', 0) desc, e.position desc limit take) f
          where backwards));
    when 'all' then
      return array(
        (select e.position from eventchain.events e
          where not backwards and e.ledger_id = ledger and e.position between low and high
            and (plain or eventchain.holds(null, null, null, checks, sieves, e.stream, e.type, e.tags, e.metadata))
          order by e.position limit take)
        union all
        (select e.position from eventchain.events e
          where backwards and e.ledger_id = ledger and e.position between low and high
            and (plain or eventchain.holds(null, null, null, checks, sieves, e.stream, e.type, e.tags, e.metadata))
          order by e.position desc limit take));
  end case;
end
$$;

-- The ways by which an item's events can be found, each as {"kind", "tag", "keys"}: the first `take` of each key's
-- positions together hold the first `take` of the item's. An item {"anyTag"} stands for many of one tag each.
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
  if item ? 'anyTag' then
    ways := ways || jsonb_build_object('kind', 'tag', 'keys', item -> 'anyTag');
  end if;
  for tag in select jsonb_array_elements(item -> 'tags') where item ? 'tags' loop
    if item ? 'types' then
      ways := ways || jsonb_build_object('kind', 'tag-type', 'tag', tag, 'keys', item -> 'types');
    end if;
    -- Many types are many looks into the index: its tag alone may have fewer events than that.
    if not item ? 'types' or jsonb_array_length(item -> 'types') > 16 then
      ways := ways || jsonb_build_object('kind', 'tag', 'tag', tag, 'keys', jsonb_build_array(tag));
    end if;
  end loop;
  if item ? 'types' and not item ? 'tags' then
    ways := ways || jsonb_build_object('kind', 'type', 'keys', item -> 'types');
  end if;
  return case when ways = '{}' then array['{"kind": "all", "keys": [null]}'::jsonb] else ways end;
end
$$;

-- The way with the fewest positions in the range. All are counted to the same bound, which is raised as long as all have
-- more, up to what a page of `take` events is worth; then the one counts whose positions lie farthest apart. Where that
-- is a tag of many positions, and another one's are not much denser, both together are a way, {"kind", "tag", "other",
-- "keys"}: to read an entry of an index costs about an eighth of probing an event.
create function eventchain.pick_way(
  ledger bigint, ways jsonb[], low bigint, high bigint, backwards boolean, take bigint
) returns jsonb
language plpgsql stable
as $$
declare
  start bigint;
  cap bigint;
  way jsonb;
  key text;
  seen bigint[];
  cost bigint;
  density float8;
  densities float8[];
  best jsonb;
  best_cost bigint;
  best_density float8;
  other jsonb;
begin
  if cardinality(ways) = 1 then
    return ways[1];
  end if;
  select least(high, e.position) into high
    from eventchain.events e where e.ledger_id = ledger order by e.position desc limit 1;
  start := case when backwards then high else low end;
  foreach cap in array array[32, 1024, 16 * least(take, 1024)] loop
    continue when cap <= best_cost;
    best_cost := null;
    densities := '{}';
    foreach way in array ways loop
      cost := 0;
      density := 0;
      for key in select jsonb_array_elements_text(way -> 'keys') loop
        seen := eventchain.index_positions(
          ledger, way ->> 'kind', way ->> 'tag', array[key], low, high, backwards, cap - cost,
          true, null, null, null, null, null);
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
      densities := densities || density;
    end loop;
    exit when best_cost < cap;
  end loop;
  if best_cost < 1024 then
    return best;
  end if;
  select u.way -> 'tag' into other from unnest(ways, densities) u (way, density)
   where u.way ->> 'kind' = best ->> 'kind' and u.way <> best and u.density < 8 * best_density
   order by u.density limit 1;
  if best ->> 'kind' = 'tag' and other is not null then
    return jsonb_build_object('kind', 'tags', 'tag', best -> 'tag', 'other', other, 'keys', '[null]'::jsonb);
  elsif best ->> 'kind' = 'tag-type' and other is not null then
    return jsonb_build_object('kind', 'tags-type', 'tag', best -> 'tag', 'other', other, 'keys', best -> 'keys');
  end if;
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

-- Whether this is a list of at most 1,024 items, each of them an object of streams, types and tags: lists of texts.
create function eventchain.are_items(items jsonb) returns boolean
language sql immutable parallel safe
return case
  when jsonb_typeof(items) <> 'array' or jsonb_array_length(items) > 1024
    or jsonb_path_exists(items, 'strict $[*] ? (@.type() != "object")') then false
  when jsonb_path_exists(items, 'lax $[*] ? (!exists (@.streams) && !exists (@.types) && !exists (@.tags))')
    or jsonb_path_exists(items, 'strict $[*].keyvalue() ? (@.key != "streams" && @.key != "types" && @.key != "tags")')
    or jsonb_path_exists(items, 'strict $[*].* ? (@.type() != "array" || @.size() == 0)') then false
  else not jsonb_path_exists(items, 'strict $[*].*[*] ? (@.type() != "string")')
end;

-- Why this is not a search, or null. A search is {"items", "checks"}, both optional: a list of items, of which one must
-- be met, and what `passes` takes; `access` in the checks is a query.
create function eventchain.search_problem(search jsonb) returns text
language plpgsql immutable parallel safe
as $$
declare
  checks jsonb := search -> 'checks';
begin
  return case
    when jsonb_typeof(search) is distinct from 'object' then 'a search is an object'
    when search - array['items', 'checks'] <> '{}' then 'a search has items and checks, and nothing else'
    when not eventchain.are_items(search -> 'items') then 'the items of a search are not the items of a query'
    when jsonb_typeof(checks) <> 'object' then 'the checks of a search are an object'
    when checks - array['own', 'actor', 'ip', 'correlationId', 'causationIds', 'access'] <> '{}'
      then 'a search checks own, actor, ip, correlationId, causationIds and access, and nothing else'
    when checks -> 'own' <> 'false' then 'own, where it is checked, is false'
    when 'string' <> any (array[
        jsonb_typeof(checks -> 'actor'), jsonb_typeof(checks -> 'ip'), jsonb_typeof(checks -> 'correlationId')])
      then 'actor, ip and correlationId are texts'
    when jsonb_typeof(checks -> 'causationIds') <> 'array'
      or jsonb_path_exists(checks, 'strict $.causationIds[*] ? (@.type() != "string")', '{}', true)
      then 'causationIds is a list of texts'
    when checks -> 'access' <> '"all"' and not eventchain.are_items(checks -> 'access') then 'access is not a query'
  end;
end
$$;

-- The first `take` positions from `low` to `high` whose events meet a search, in the order of reading.
--
-- Of joins only merges are left, beside those that can be nothing but loops: the planner takes every range for one row.
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
set enable_nestloop = off
set enable_hashjoin = off
set jit = off
as $$
declare
  restriction jsonb := eventchain.restriction_on(ledger);
  problem text := eventchain.search_problem(search);
  sieves jsonb[];
  checks jsonb;
  items jsonb;
  item jsonb;
  way jsonb;
  kind text;
  keys text[];
  -- The last of the keys that were read, and of those that are read with it.
  done_keys int;
  next_keys int;
  single boolean;
  streams text[];
  types text[];
  wanted_tags text[];
  plain boolean;
  more bigint[];
  -- Those found so far, each once and in order; and what was found since, as it came.
  found_positions bigint[] := '{}';
  pending bigint[] := '{}';
begin
  if num_nulls(ledger, low, high, backwards, take) > 0 then
    problem := 'a search has a ledger, a range, a direction and a number of positions';
  end if;
  if problem is not null then
    raise exception '%', problem using errcode = 'invalid_parameter_value';
  end if;
  checks := nullif((search -> 'checks') - 'access', '{}');
  if search -> 'checks' ? 'access' or restriction is not null then
    sieves := array[eventchain.sieve_of(coalesce(search -> 'checks' -> 'access', '"all"')), coalesce(restriction, '"all"')];
  end if;
  low := greatest(low, 1);
  if low > high or take < 1 then
    return '{}';
  end if;
  items := coalesce(search -> 'items', '[{}]');
  -- Items of one tag each are one item of many keys, which costs much less, unless an index of metadata may lead them.
  if jsonb_array_length(items) > 1 and not coalesce(checks ?| array['actor', 'ip', 'correlationId', 'causationIds'], false) then
    select jsonb_build_array(jsonb_build_object('anyTag', jsonb_agg(distinct i.one -> 'tags' -> 0) filter (where alone)))
             || coalesce(jsonb_agg(i.one) filter (where not alone), '[]')
      into items
      from (select one, one - 'tags' = '{}' and jsonb_array_length(one -> 'tags') = 1 as alone
              from jsonb_array_elements(items) e (one)) i;
  end if;
  for item in select jsonb_array_elements(items) loop
    continue when item -> 'anyTag' = 'null';
    streams := case when item ? 'streams' then array(select jsonb_array_elements_text(item -> 'streams')) end;
    types := case when item ? 'types' then array(select jsonb_array_elements_text(item -> 'types')) end;
    wanted_tags := case when item ? 'tags' then array(select jsonb_array_elements_text(item -> 'tags')) end;
    way := eventchain.pick_way(ledger, eventchain.ways_of(item, checks), low, high, backwards, take);
    kind := way ->> 'kind';
    if way ? 'other' then
      wanted_tags := array[way ->> 'tag', way ->> 'other'] || array(
        select t from unnest(wanted_tags) t where t not in (way ->> 'tag', way ->> 'other'));
    end if;
    plain := checks is null and sieves is null and case kind
      when 'stream' then types is null and wanted_tags is null
      when 'tag' then streams is null and coalesce(cardinality(wanted_tags), 1) = 1
      when 'tag-type' then streams is null and cardinality(wanted_tags) = 1
      when 'tags' then streams is null and cardinality(wanted_tags) = 2
      when 'tags-type' then streams is null and cardinality(wanted_tags) = 2
      when 'type' then streams is null and wanted_tags is null
      else kind = 'all'
    end;
    keys := array(select jsonb_array_elements_text(way -> 'keys'));
    done_keys := 0;
    while done_keys < cardinality(keys) loop
      -- As many as before: they have about as many positions as those had, up to where the page ends by now.
      next_keys := least(greatest(2 * done_keys, 1), cardinality(keys));
      more := eventchain.index_positions(
        ledger, kind, way ->> 'tag', keys[done_keys + 1 : next_keys], low, high, backwards, take,
        plain, streams, types, wanted_tags, checks, sieves);
      single := next_keys = done_keys + 1;
      done_keys := next_keys;
      continue when more = '{}';
      if single and found_positions = '{}' and pending = '{}' then
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

-- A setting that is missing is null, one that was set in an earlier transaction of the connection is '': neither shows a
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
-- What is kept stays for ever, so that it is held to bounds. Racers write in one order, and the second statement sees what
-- the first one waited for.
create function eventchain.keep_schemas(ledger bigint, types text[], versions int[], schemas text[])
returns table (type text, version int, hash bytea, schema text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10s'
as $$
#variable_conflict use_column
declare
  problem text;
begin
  if (cardinality(types), cardinality(versions)) is distinct from (cardinality(schemas), cardinality(schemas)) then
    problem := 'each schema has a type and a version';
  elsif cardinality(schemas) > 1024 then
    problem := 'at most 1,024 schemas are kept at once';
  else
    select min(case
        when left(w.type, 1) = '$' then 'event types that begin with $ belong to the ledger'
        when octet_length(w.schema) > 262144 then 'a schema has at most 262,144 bytes'
        else split_part(eventchain.object_problem('a schema', w.schema), '|', 2)
      end) into problem
      from unnest(types, schemas) w (type, schema);
  end if;
  if problem is not null then
    raise exception '%', problem using errcode = 'invalid_parameter_value';
  end if;
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
  eventchain.index_positions, eventchain.ways_of, eventchain.pick_way, eventchain.restriction_on, eventchain.are_items,
  eventchain.search_problem, eventchain.find_positions, eventchain.merge_positions, eventchain.count_positions,
  eventchain.restrict, eventchain.keep_schemas from public;
grant execute on function eventchain.sieve_of, eventchain.sees, eventchain.find_positions, eventchain.count_positions
  to eventchain_writer, eventchain_reader, eventchain_sealer, eventchain_viewer;
grant execute on function eventchain.restrict to eventchain_writer, eventchain_reader, eventchain_viewer;
grant execute on function eventchain.keep_schemas to eventchain_writer;
