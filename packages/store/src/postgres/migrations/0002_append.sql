-- The append: one call, one commit, any number of requests, each with an outcome of its own.

-- Why these tags may not be stored, as "code|message", or null. One dimension, bytewise order, each once.
-- No search path of its own: setting one for each event costs more than the rest, and the append's own is in force.
create function eventchain.tags_problem(tags text[]) returns text
language plpgsql immutable parallel safe
as $$
declare
  tag text;
  previous text := '';
begin
  if array_ndims(tags) <> 1 or array_lower(tags, 1) <> 1 then
    return 'invalid-argument|tags are one plain list';
  end if;
  if cardinality(tags) > 1024 then
    return 'too-large|an event has at most 1,024 tags';
  end if;
  foreach tag in array tags loop
    case
      when tag is null then return 'invalid-name|a tag is null';
      when octet_length(tag) not between 1 and 512 then return 'invalid-name|a tag has 1 to 512 bytes of UTF-8';
      when left(tag, 1) = '$' then return 'invalid-name|tags that begin with $ belong to the ledger';
      when tag collate "C" = previous collate "C" then return 'invalid-argument|a tag stands there twice';
      when tag collate "C" < previous collate "C" then
        return 'invalid-argument|tags are sorted by their UTF-8 bytes';
      else previous := tag;
    end case;
  end loop;
  return null;
end
$$;

-- The next three are not STRICT, so that the planner can inline them.

-- Why this text may not be an event's data or metadata, as "code|message", or null.
create function eventchain.object_problem(what text, value text) returns text
language sql immutable parallel safe
return case
  when octet_length(value) > 16777216 then 'too-large|' || what || ' has at most 16,777,216 bytes'
  when value is not json object with unique keys then 'invalid-json|' || what || ' is not a JSON object with unique keys'
  -- A reader's stack has an end. Only a text with that many brackets can be so deep; a scalar is found a level below
  -- the object or array around it.
  when octet_length(value) - octet_length(translate(value, '[{', '')) > 1000
    and jsonb_path_exists(value::jsonb, 'strict $.**{1000 to last} ? (@.type() == "object" || @.type() == "array")')
    then 'too-large|' || what || ' is nested deeper than 1,000 levels'
end;

-- Whether a key of this metadata could begin with $: there is a quoted $, or an escape that might stand for one.
create function eventchain.may_have_reserved_keys(metadata text) returns boolean
language sql immutable parallel safe
return strpos(metadata, '"$') > 0 or strpos(metadata, '\u') > 0;

-- The text at metadata's `commandId`: null where there is none, '' (no command's id) where it is not a text.
create function eventchain.metadata_command(metadata text) returns text
language sql immutable parallel safe
return case
  when strpos(metadata, 'commandId') = 0 and strpos(metadata, '\u') = 0 then null
  when json_typeof(metadata::json -> 'commandId') <> 'string' then ''
  else metadata::json ->> 'commandId'
end;

create function eventchain.has_reserved_keys(metadata text) returns boolean
language sql immutable parallel safe
return exists (select from json_object_keys(metadata::json) as keys(key) where left(key, 1) = '$');

-- Appends a group of requests to one ledger.
--
-- Requests: `command_ids`, `request_hashes`, `command_types`, `command_actors` (all null where there is no command),
-- `event_counts`, `expected_counts`. Streams: `stream_names`, each name once; events and expectations name a stream by
-- its index there. Events and expectations follow each other in the order of their requests. `tags`: each element is
-- the text of a text[]. `expected_versions`: a version (0: no event yet), or -1: at least one event.
--
-- Gives, for each request in order: 'recorded' or 'duplicate', one row for each event; or one row 'conflict' (stream,
-- and in `version` its version), 'command-id-reused', or 'refused' (code, message, and in `event` which one, from 0).
-- No row at all: there is no such ledger.
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
  datas text[], salts bytea[], metadatas text[], meta_salts bytea[]
) returns table (
  request int, outcome text, "position" bigint, stream text, version bigint, id uuid, hash bytea,
  recorded_at_micros bigint, code text, message text, event int
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '10s'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  request_count int := coalesce(cardinality(event_counts), 0);
  stream_count int := coalesce(cardinality(stream_names), 0);
  event_count int := coalesce(cardinality(ids), 0);
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
  conflict_streams text[];
  conflict_versions bigint[];
  culprits int[];
  first_event int;
  last_event int := 0;
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

  select to_json(l.origin)::text into origin_json from eventchain.ledgers l where l.ledger_id = ledger;
  if origin_json is null then
    return;
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
               when left(t.stream, 1) = '$' then 'invalid-name|streams that begin with $ belong to the ledger'
               when octet_length(t.type) not between 1 and 512
                 then 'invalid-name|an event type has 1 to 512 bytes of UTF-8'
               when left(t.type, 1) = '$' then 'invalid-name|event types that begin with $ belong to the ledger'
               when t.schema < 1 then 'invalid-argument|a schema version is at least 1'
               -- RFC 9562: the version is the thirteenth hex digit, the variant the two bits at the seventeenth.
               when substr(t.id, 15, 1) <> '7' or substr(t.id, 20, 1) not in ('8', '9', 'a', 'b')
                 then 'invalid-argument|an event id is a UUIDv7'
               when octet_length(t.salt) <> 16 or octet_length(t.meta_salt) <> 16
                 then 'invalid-argument|a salt has 16 bytes'
               else coalesce(
                 case when t.tags <> '{}' then eventchain.tags_problem(t.tags) end,
                 eventchain.object_problem('data', t.data),
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
  for hit in
    select r, h.* from generate_series(1, request_count) r,
      lateral (
        select c.request_hash, c.first_position, c.last_position from eventchain.commands c
         where c.ledger_id = ledger and c.command_id = command_ids[r] limit 1
      ) h
  loop
    known_hashes[hit.r] := hit.request_hash;
    known_first[hit.r] := hit.first_position;
    known_last[hit.r] := hit.last_position;
  end loop;

  positions := array_fill(null::bigint, array[event_count]);
  event_versions := positions;
  prev_hashes := array_fill(null::bytea, array[event_count]);
  hashes := prev_hashes;
  outcomes := array_fill(null::text, array[request_count]);
  first_positions := array_fill(null::bigint, array[request_count]);
  last_positions := first_positions;
  codes := outcomes;
  conflict_streams := outcomes;
  conflict_versions := first_positions;
  culprits := array_fill(null::int, array[request_count]);

  -- Each request in its turn, on top of those accepted before it.
  for r in 1 .. request_count loop
    first_event := last_event + 1;
    last_event := last_event + event_counts[r];
    first_expected := last_expected + 1;
    last_expected := last_expected + expected_counts[r];

    if ledger_state <> 'open' then
      outcomes[r] := 'refused';
      codes[r] := 'ledger-halted|' || coalesce(ledger_reason, 'the ledger is halted');
      continue;
    end if;

    if command_ids[r] is not null then
      slot := coalesce(command_slots[r], r);
      if known_hashes[slot] is not null then
        if known_hashes[slot] = request_hashes[r] and known_first[slot] is not null then
          outcomes[r] := 'duplicate';
          first_positions[r] := known_first[slot];
          last_positions[r] := known_last[slot];
        else
          outcomes[r] := 'command-id-reused';
        end if;
        continue;
      end if;
    end if;

    problem := case
      when event_counts[r] = 0 then 'invalid-argument|there is no event to append'
      when event_counts[r] > 65536 then 'too-large|one request has at most 65,536 events'
      when octet_length(command_ids[r]) not between 1 and 512
        then 'invalid-name|a command id has 1 to 512 bytes of UTF-8'
      when command_ids[r] is not null and octet_length(request_hashes[r]) is distinct from 32
        then 'invalid-argument|a request hash has 32 bytes'
    end;
    culprit := null;
    if problem is null then
      for i in first_event .. last_event loop
        culprit := i - first_event;
        problem := case
          when problems[i] is not null then problems[i]
          when meta_commands[i] is distinct from command_ids[r]
            then 'invalid-argument|metadata.commandId is the command''s id, and absent without a command'
          when taken[coalesce(id_slots[i], i)] then 'duplicate-id|an event with this id is recorded already'
          when id_slots[i] between first_event and i - 1 then 'duplicate-id|two events of one request have one id'
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

    for x in first_expected .. last_expected loop
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

    outcomes[r] := 'recorded';
    first_positions[r] := head_position + 1;
    for i in first_event .. last_event loop
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
    end loop;
    last_positions[r] := head_position;
    if id_slots is not null then
      for i in first_event .. last_event loop
        taken[id_slots[i]] := true;
      end loop;
    end if;
    if command_ids[r] is not null then
      known_hashes[slot] := request_hashes[r];
      known_first[slot] := first_positions[r];
      known_last[slot] := head_position;
    end if;
  end loop;

  if last_event is distinct from event_count
     or last_expected is distinct from coalesce(cardinality(expected_streams), 0) then
    raise exception 'the arrays of an append do not fit together' using errcode = 'invalid_parameter_value';
  end if;

  if 'recorded' = any (outcomes) then
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

    insert into eventchain.commands (ledger_id, command_id, request_hash, type, actor, outcome, code,
        first_position, last_position, at)
      select ledger, command_ids[r], request_hashes[r], command_types[r], command_actors[r], 'recorded', null,
             first_positions[r], last_positions[r], recorded_at
        from generate_series(1, request_count) r
       where command_ids[r] is not null and outcomes[r] = 'recorded';
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
      else
        position := null;
        stream := conflict_streams[r];
        version := conflict_versions[r];
        id := null;
        hash := null;
        recorded_at_micros := null;
        code := split_part(codes[r], '|', 1);
        message := substr(codes[r], length(code) + 2);
        event := culprits[r];
        return next;
        code := null;
        message := null;
        event := null;
    end case;
  end loop;
end
$$;
