-- A short way for the appends that there are most of: it does at once, with few statements, what append_each does
-- request by request, and leaves to it whatever is not plain.

-- Judges each request in its turn, as 0006_conditions says. Only append_events calls it.
alter function eventchain.append_events rename to append_each;
revoke execute on function eventchain.append_each from eventchain_writer, eventchain_handler;

-- As in 0002_append, but that a short text's brackets are not counted.
create or replace function eventchain.object_problem(what text, value text) returns text
language sql immutable parallel safe
return case
  when octet_length(value) > 16777216 then 'too-large|' || what || ' has at most 16,777,216 bytes'
  when value is not json object with unique keys
    then 'invalid-json|' || what || ' is not a JSON object with unique keys'
  -- 1,001 levels have 2,002 brackets.
  when octet_length(value) > 2000 and octet_length(value) - octet_length(translate(value, '[{', '')) > 1000
    and jsonb_path_exists(value::jsonb, 'strict $.**{1000 to last} ? (@.type() == "object" || @.type() == "array")')
    then 'too-large|' || what || ' is nested deeper than 1,000 levels'
end;

-- Appends requests, each recorded or not; see append_each for what each argument means and each outcome.
--
-- Plain is a call whose requests can all be recorded: nothing in it is refused, known, rejected or in conflict. Whether
-- it is, is found out by checks that may be too strict, never too lax; of a call that is not, nothing is written before
-- append_each has it, from the start, and under the lock where that is held by then. Conditions are plain where the
-- look that they are of was at the head as it still is: nothing came since that could be in their way.
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
  request_count constant int := coalesce(cardinality(event_counts), 0);
  event_count constant int := coalesce(cardinality(ids), 0);
  request_dims constant text := '[1:' || request_count || ']';
  event_dims constant text := '[1:' || event_count || ']';
  has_commands constant boolean := command_ids is not null;
  has_conditions constant boolean := conditions is not null;
  has_expected constant boolean :=
    coalesce(cardinality(expected_streams), 0) + coalesce(cardinality(expected_versions), 0) > 0;
  is_plain boolean;
  -- Where a request has several events: its last event, and each event's request.
  last_events int[];
  event_requests int[];
  data_hashes bytea[];
  meta_hashes bytea[];
  content_hashes bytea[];
  hashes bytea[];
  versions bigint[];
  event_versions bigint[];
  ledger_row record;
  head record;
  recorded_at timestamptz;
  -- Of all conditions.
  after bigint;
  micros bigint;
  micros_bytes bytea;
  last_hash bytea;
  last_event int := 0;
  last_expected int := 0;
  s int;
  v bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'appends run at read committed, not at %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;

  -- One condition is said where nothing came since the look that it is of, and no other request stands before it.
  is_plain := event_count > 0
    and (chains is null or array_dims(chains) = request_dims and chains[1] >= 0 and chains[1] = all (chains))
    and (not has_conditions or (chains is not null or request_count = 1)
      and array_dims(conditions) = request_dims and array_dims(condition_afters) = request_dims)
    and num_nonnulls(rejection_codes, rejection_reasons, rejection_ids, rejection_salts, rejection_metadatas,
      rejection_meta_salts) = 0
    and array_dims(event_counts) = request_dims and array_dims(expected_counts) = request_dims
    and (not has_commands or array_dims(command_ids) = request_dims and array_dims(request_hashes) = request_dims)
    and (command_types is null or array_dims(command_types) = request_dims)
    and (command_actors is null or array_dims(command_actors) = request_dims)
    and (has_commands or request_hashes is null) and (has_conditions or condition_afters is null)
    and array_dims(event_streams) = event_dims and array_dims(ids) = event_dims and array_dims(types) = event_dims
    and array_dims(schemas) = event_dims and array_dims(tags) = event_dims and array_dims(datas) = event_dims
    and array_dims(salts) = event_dims and array_dims(metadatas) = event_dims and array_dims(meta_salts) = event_dims
    and array_dims(stream_names) = '[1:' || cardinality(stream_names) || ']'
    and 1 <= all (event_counts) and 65536 >= all (event_counts) and 0 <= all (expected_counts)
    and (not has_expected
      or coalesce(array_dims(expected_streams) = array_dims(expected_versions), false)
        and array_lower(expected_streams, 1) = 1);
  if is_plain and (request_count < event_count or has_expected) then
    select array_agg(c.n order by c.r), bool_and(c.whole) into last_events, is_plain from (
      select (sum(u.n) over (order by u.r))::int as n, u.r,
             sum(u.n) over () = event_count and sum(u.x) over () = coalesce(cardinality(expected_streams), 0) as whole
        from unnest(event_counts, expected_counts) with ordinality u(n, x, r)
    ) c;
    if is_plain then
      event_requests := array(
        select u.r::int from unnest(event_counts) with ordinality u(n, r) cross join lateral generate_series(1, u.n) g
         order by u.r
      );
    end if;
  else
    is_plain := is_plain and request_count = event_count and 1 = all (event_counts) and 0 = all (expected_counts);
  end if;

  if is_plain then
    -- Hashes, and whether all is as it should be at first sight. What is not, the other function judges.
    select coalesce(bool_and(e.sound), false),
           array_agg(e.data_hash order by e.i), array_agg(e.meta_hash order by e.i),
           array_agg(sha256(convert_to(
             '{"data":"' || encode(e.data_hash, 'hex') || '","id":"' || e.id || '","ledger":' || e.origin
             || ',"meta":"' || encode(e.meta_hash, 'hex') || '","schema":' || e.schema || ',"stream":'
             || to_json(e.stream)::text || ',"tags":' || array_to_json(e.tags)::text || ',"type":'
             || to_json(e.type)::text || '}',
             'UTF8')) order by e.i)
      into is_plain, data_hashes, meta_hashes, content_hashes
      from (
        select t.*,
               sha256('\x44'::bytea || t.salt || convert_to(t.data, 'UTF8')) as data_hash,
               sha256('\x4d'::bytea || t.meta_salt || convert_to(t.metadata, 'UTF8')) as meta_hash,
               -- A CASE, so that nothing is read as JSON that is none.
               coalesce(case when num_nulls(t.data, t.tags) > 0 then false
                 when octet_length(t.stream) between 1 and 512 and t.stream not like '$%'
                   and octet_length(t.type) between 1 and 512 and t.type not like '$%' and t.schema >= 1
                   -- RFC 9562: version 7, variant 10.
                   and get_byte(uuid_send(t.id), 6) between 112 and 127
                   and get_byte(uuid_send(t.id), 8) between 128 and 191
                   and octet_length(t.salt) = 16 and octet_length(t.meta_salt) = 16
                   and (t.tags = '{}' or eventchain.tags_problem(t.tags) is null)
                   and octet_length(t.metadata) <= 1048576 and t.metadata not like '%"$%'
                   and t.metadata not like '%\\u%'
                   and eventchain.object_problem('data', t.data) is null
                   and eventchain.object_problem('metadata', t.metadata) is null
                 then case when t.command is null then t.metadata not like '%commandId%'
                        else t.command = (t.metadata::json -> 'commandId')::text end
                 end, false) as sound
          from (
            select i, (select to_json(l.origin)::text from eventchain.ledgers l where l.ledger_id = ledger) as origin,
                   stream_names[event_streams[i]] as stream, ids[i] as id, types[i] as type,
                   schemas[i] as schema, tags[i]::text[] as tags, datas[i] as data, salts[i] as salt,
                   metadatas[i] as metadata, meta_salts[i] as meta_salt,
                   to_json(command_ids[coalesce(event_requests[i], i)])::text as command
              from generate_series(1, event_count) i
            offset 0
          ) t
        offset 0
      ) e;
  end if;
  if is_plain and event_count > 1 then
    is_plain := event_count = (select count(distinct u.id) from unnest(ids) u(id));
  end if;
  if is_plain and has_commands and request_count = 1 then
    is_plain := coalesce(octet_length(command_ids[1]) between 1 and 512 and octet_length(request_hashes[1]) = 32, false);
  elsif is_plain and has_commands then
    select count(c.id) = count(distinct c.id) and coalesce(bool_and(
             coalesce(octet_length(c.id) between 1 and 512 and octet_length(c.hash) = 32, false)), true)
      into is_plain
      from unnest(command_ids, request_hashes) c(id, hash) where c.id is not null;
  end if;

  if is_plain and has_conditions then
    select bool_and(eventchain.condition_problem(c.text) is null and c.after is not null)
             and sum(octet_length(c.text)) < 16384 and min(c.after) = max(c.after),
           min(c.after)
      into is_plain, after
      from unnest(conditions, condition_afters) c(text, after) where c.text is not null;
    is_plain := is_plain and after = coalesce((
      select e.position from eventchain.events e where e.ledger_id = ledger order by e.position desc limit 1
    ), 0);
  end if;

  if is_plain then
    -- The application's own transaction might hold the lock and forget it: not for long, and not past its end.
    if current_setting('idle_in_transaction_session_timeout') = '0' then
      perform set_config('idle_in_transaction_session_timeout', '10s', true);
    end if;
    -- NO KEY: rows that refer to the ledger (tiles, checkpoints) may be inserted meanwhile.
    select l.state = 'open' as is_open, l.genesis_hash into ledger_row
      from eventchain.ledgers l where l.ledger_id = ledger for no key update;

    -- Each of these is one probe of an index: LIMIT keeps the planner from joining whole tables, and ORDER BY leads it
    -- to the right index even when the plan is made while the table is empty.
    select h.position, h.hash, h.recorded_at,
           array(
             select coalesce((
                 select e.version from eventchain.events e
                  where e.ledger_id = ledger and e.stream = n.name order by e.version desc limit 1
               ), 0)
               from unnest(stream_names) n(name)
           ) as versions,
           exists (
             select from unnest(ids) u(id) cross join lateral (
               select from eventchain.events e
                where e.ledger_id = ledger and e.id between u.id and u.id order by e.id limit 1
             ) k
           ) or has_commands and exists (
             select from unnest(command_ids) u(id) cross join lateral (
               select from eventchain.commands c where c.ledger_id = ledger and c.command_id = u.id limit 1
             ) k
           ) as is_known
      into head
      from (select) one left join (
        select e.position, e.hash, e.recorded_at
          from eventchain.events e where e.ledger_id = ledger order by e.position desc limit 1
      ) h on true;
    is_plain := ledger_row.is_open and not head.is_known
      and (after is null or after = coalesce(head.position, 0));
  end if;

  if is_plain then
    head.position := coalesce(head.position, 0);
    recorded_at := greatest(clock_timestamp(), head.recorded_at);
    micros := (extract(epoch from recorded_at) * 1000000)::bigint;
    micros_bytes := int8send(micros);
    last_hash := coalesce(head.hash, ledger_row.genesis_hash);
    versions := head.versions;
    for i in 1 .. event_count loop
      if has_expected and i > last_event then
        last_event := last_events[event_requests[i]];
        for x in last_expected + 1 .. last_expected + expected_counts[event_requests[i]] loop
          v := versions[expected_streams[x]];
          is_plain := is_plain and coalesce(expected_versions[x] = v or expected_versions[x] = -1 and v > 0, false);
        end loop;
        last_expected := last_expected + expected_counts[event_requests[i]];
      end if;
      s := event_streams[i];
      v := versions[s] + 1;
      versions[s] := v;
      event_versions[i] := v;
      last_hash := sha256('\x45'::bytea || last_hash || int8send(head.position + i) || int8send(v) || micros_bytes
        || content_hashes[i]);
      hashes[i] := last_hash;
    end loop;
  end if;

  if is_plain is not true then
    return query select * from eventchain.append_each(ledger, command_ids, request_hashes, command_types,
      command_actors, event_counts, expected_counts, stream_names, expected_streams, expected_versions, event_streams,
      ids, types, schemas, tags, datas, salts, metadatas, meta_salts, conditions, condition_afters, chains,
      rejection_codes, rejection_reasons, rejection_ids, rejection_salts, rejection_metadatas, rejection_meta_salts);
    return;
  end if;

  insert into eventchain.events (ledger_id, position, version, recorded_at, id, schema, stream, type, tags,
      data, salt, data_hash, metadata, meta_salt, meta_hash, content_hash, prev_hash, hash)
    select ledger, head.position + i, event_versions[i], recorded_at, ids[i], schemas[i],
           stream_names[event_streams[i]], types[i], tags[i]::text[], datas[i]::json, salts[i], data_hashes[i],
           metadatas[i]::json, meta_salts[i], meta_hashes[i], content_hashes[i],
           case when i > 1 then hashes[i - 1] else coalesce(head.hash, ledger_row.genesis_hash) end, hashes[i]
      from generate_series(1, event_count) i;
  if '{}' <> any (tags) then
    insert into eventchain.event_tags (ledger_id, tag, type, position)
      select ledger, t.tag, types[i], head.position + i
        from generate_series(1, event_count) i, unnest(tags[i]::text[]) as t(tag);
  end if;
  if has_commands then
    insert into eventchain.commands (ledger_id, command_id, request_hash, type, actor, outcome,
        first_position, last_position, at)
      select ledger, command_ids[r], request_hashes[r], command_types[r], command_actors[r], 'recorded',
             head.position + coalesce(last_events[r], r) - event_counts[r] + 1,
             head.position + coalesce(last_events[r], r), recorded_at
        from generate_series(1, request_count) r
       where command_ids[r] is not null;
  end if;

  return query
    select coalesce(event_requests[i], i), 'recorded', head.position + i, stream_names[event_streams[i]],
           event_versions[i], ids[i], hashes[i], micros, null::text, null::text, null::int
      from generate_series(1, event_count) i;
end
$$;
revoke all on function eventchain.append_events from public;
grant execute on function eventchain.append_events to eventchain_writer, eventchain_handler;
