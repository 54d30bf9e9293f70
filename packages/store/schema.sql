schema eventchain
grant USAGE on schema eventchain to eventchain_handler;
grant USAGE on schema eventchain to eventchain_reader;
grant USAGE on schema eventchain to eventchain_sealer;
grant USAGE on schema eventchain to eventchain_viewer;
grant USAGE on schema eventchain to eventchain_writer;

table alarms (
  alarm_id bigint not null generated always as identity,
  ledger_id bigint not null,
  code text not null,
  message text not null,
  raised_at timestamp with time zone not null default clock_timestamp(),
  cleared_at timestamp with time zone,
  constraint alarms_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint alarms_pkey PRIMARY KEY (alarm_id)
);
CREATE UNIQUE INDEX alarms_standing ON eventchain.alarms USING btree (ledger_id, code) WHERE (cleared_at IS NULL);
grant SELECT on alarms to eventchain_handler;
grant SELECT on alarms to eventchain_reader;
grant INSERT on alarms to eventchain_sealer;
grant SELECT on alarms to eventchain_sealer;
grant UPDATE on alarms to eventchain_sealer;
grant SELECT on alarms to eventchain_writer;

table anchor_senders (
  chain_id bigint not null,
  sender bytea not null,
  constraint anchor_senders_pkey PRIMARY KEY (chain_id, sender),
  constraint anchor_senders_sender_check CHECK ((octet_length(sender) = 20))
);
grant SELECT on anchor_senders to eventchain_handler;
grant SELECT on anchor_senders to eventchain_reader;
grant INSERT on anchor_senders to eventchain_sealer;
grant SELECT on anchor_senders to eventchain_sealer;
grant UPDATE on anchor_senders to eventchain_sealer;
grant SELECT on anchor_senders to eventchain_writer;

table anchor_waits (
  ledger_id bigint not null,
  reason text not null,
  since timestamp with time zone not null default clock_timestamp(),
  constraint anchor_waits_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint anchor_waits_pkey PRIMARY KEY (ledger_id)
);
grant SELECT on anchor_waits to eventchain_handler;
grant SELECT on anchor_waits to eventchain_reader;
grant DELETE on anchor_waits to eventchain_sealer;
grant INSERT on anchor_waits to eventchain_sealer;
grant SELECT on anchor_waits to eventchain_sealer;
grant UPDATE on anchor_waits to eventchain_sealer;
grant SELECT on anchor_waits to eventchain_writer;

table anchors (
  anchor_id bigint not null generated always as identity,
  ledger_id bigint not null,
  epoch integer not null default 0,
  from_size bigint not null,
  size bigint not null,
  root bytea not null,
  chain_id bigint not null,
  contract bytea not null,
  sender bytea not null,
  nonce bigint not null,
  raw_tx bytea not null,
  tx_hash bytea not null,
  state text not null,
  block_number bigint,
  block_hash bytea,
  block_time timestamp with time zone,
  gas_used bigint,
  fee numeric(78,0),
  error text,
  prepared_at timestamp with time zone not null default clock_timestamp(),
  sent_at timestamp with time zone,
  mined_at timestamp with time zone,
  final_at timestamp with time zone,
  max_fee_per_gas numeric(78,0) not null default 0,
  max_priority_fee_per_gas numeric(78,0) not null default 0,
  gas_limit bigint not null default 0,
  constraint anchors_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint anchors_pkey PRIMARY KEY (anchor_id),
  constraint anchors_root_check CHECK ((octet_length(root) = 32)),
  constraint anchors_state_check CHECK ((state = ANY (ARRAY['prepared'::text, 'sent'::text, 'mined'::text, 'final'::text, 'replaced'::text, 'reorged'::text, 'failed'::text]))),
  constraint anchors_tx_hash_key UNIQUE (tx_hash)
);
CREATE INDEX anchors_ledger ON eventchain.anchors USING btree (ledger_id, size);
CREATE INDEX anchors_nonce ON eventchain.anchors USING btree (chain_id, sender, nonce);
CREATE UNIQUE INDEX anchors_one_live ON eventchain.anchors USING btree (chain_id, sender, nonce) WHERE ((nonce >= 0) AND (state = ANY (ARRAY['prepared'::text, 'sent'::text, 'mined'::text, 'final'::text, 'reorged'::text])));
CREATE INDEX anchors_open ON eventchain.anchors USING btree (ledger_id) WHERE (state = ANY (ARRAY['prepared'::text, 'sent'::text, 'mined'::text, 'reorged'::text]));
CREATE TRIGGER append_only BEFORE DELETE ON eventchain.anchors FOR EACH ROW EXECUTE FUNCTION eventchain.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON eventchain.anchors FOR EACH STATEMENT EXECUTE FUNCTION eventchain.refuse_change();
grant SELECT on anchors to eventchain_handler;
grant SELECT on anchors to eventchain_reader;
grant INSERT on anchors to eventchain_sealer;
grant SELECT on anchors to eventchain_sealer;
grant UPDATE on anchors to eventchain_sealer;
grant SELECT on anchors to eventchain_writer;

table checkpoints (
  ledger_id bigint not null,
  epoch integer not null default 0,
  size bigint not null,
  root bytea not null,
  note text not null,
  sealed_at timestamp with time zone not null default clock_timestamp(),
  constraint checkpoints_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint checkpoints_pkey PRIMARY KEY (ledger_id, epoch, size),
  constraint checkpoints_root_check CHECK ((octet_length(root) = 32)),
  constraint checkpoints_size_check CHECK ((size >= 1))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON eventchain.checkpoints FOR EACH ROW EXECUTE FUNCTION eventchain.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON eventchain.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION eventchain.refuse_change();
grant SELECT on checkpoints to eventchain_handler;
grant SELECT on checkpoints to eventchain_reader;
grant INSERT on checkpoints to eventchain_sealer;
grant SELECT on checkpoints to eventchain_sealer;
grant SELECT on checkpoints to eventchain_writer;

table commands (
  ledger_id bigint not null,
  command_id text collate "C" not null,
  request_hash bytea not null,
  type text collate "C",
  actor text,
  outcome text not null,
  code text,
  first_position bigint,
  last_position bigint,
  at timestamp with time zone not null,
  reason text,
  constraint commands_outcome_check CHECK ((outcome = ANY (ARRAY['recorded'::text, 'rejected'::text]))),
  constraint commands_pkey PRIMARY KEY (ledger_id, command_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON eventchain.commands FOR EACH ROW EXECUTE FUNCTION eventchain.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON eventchain.commands FOR EACH STATEMENT EXECUTE FUNCTION eventchain.refuse_change();
enable row level security;
policy restricted for select to eventchain_viewer using (((ledger_id = ( SELECT (NULLIF(current_setting('eventchain.ledger'::text, true), ''::text))::bigint AS "nullif")) AND (((last_position - first_position) + 1) = ( SELECT count(*) AS count
   FROM eventchain.events e
  WHERE ((e.ledger_id = commands.ledger_id) AND ((e."position" >= commands.first_position) AND (e."position" <= commands.last_position)))))));
policy whole for select to eventchain_handler, eventchain_reader, eventchain_sealer, eventchain_writer using (true);
grant SELECT on commands to eventchain_handler;
grant SELECT on commands to eventchain_reader;
grant SELECT on commands to eventchain_sealer;
grant SELECT on commands to eventchain_viewer;
grant SELECT on commands to eventchain_writer;

table event_schemas (
  ledger_id bigint not null,
  type text collate "C" not null,
  version integer not null,
  hash bytea not null,
  schema json not null,
  first_used_at timestamp with time zone not null default clock_timestamp(),
  constraint event_schemas_hash_check CHECK ((octet_length(hash) = 32)),
  constraint event_schemas_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint event_schemas_pkey PRIMARY KEY (ledger_id, type, version),
  constraint event_schemas_type_check CHECK (((octet_length(type) >= 1) AND (octet_length(type) <= 512))),
  constraint event_schemas_version_check CHECK ((version >= 1))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON eventchain.event_schemas FOR EACH ROW EXECUTE FUNCTION eventchain.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON eventchain.event_schemas FOR EACH STATEMENT EXECUTE FUNCTION eventchain.refuse_change();
grant SELECT on event_schemas to eventchain_handler;
grant SELECT on event_schemas to eventchain_reader;
grant SELECT on event_schemas to eventchain_sealer;
grant SELECT on event_schemas to eventchain_writer;

table event_tags (
  ledger_id bigint not null,
  tag text collate "C" not null,
  type text collate "C" not null,
  position bigint not null,
  constraint event_tags_pkey PRIMARY KEY (ledger_id, tag, type, "position")
);
CREATE INDEX event_tags_position ON eventchain.event_tags USING btree (ledger_id, tag, "position");
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON eventchain.event_tags FOR EACH ROW EXECUTE FUNCTION eventchain.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON eventchain.event_tags FOR EACH STATEMENT EXECUTE FUNCTION eventchain.refuse_change();
enable row level security;
policy restricted for select to eventchain_viewer using (((ledger_id = ( SELECT (NULLIF(current_setting('eventchain.ledger'::text, true), ''::text))::bigint AS "nullif")) AND (EXISTS ( SELECT
   FROM eventchain.events e
  WHERE ((e.ledger_id = event_tags.ledger_id) AND (e."position" = event_tags."position"))))));
policy whole for select to eventchain_handler, eventchain_reader, eventchain_sealer, eventchain_writer using (true);
grant SELECT on event_tags to eventchain_handler;
grant SELECT on event_tags to eventchain_reader;
grant SELECT on event_tags to eventchain_sealer;
grant SELECT on event_tags to eventchain_viewer;
grant SELECT on event_tags to eventchain_writer;

table events (
  ledger_id bigint not null,
  position bigint not null,
  version bigint not null,
  recorded_at timestamp with time zone not null,
  id uuid not null,
  schema integer not null,
  stream text collate "C" not null,
  type text collate "C" not null,
  tags text[] collate "C" not null,
  data json,
  salt bytea,
  data_hash bytea not null,
  metadata json,
  meta_salt bytea,
  meta_hash bytea not null,
  content_hash bytea not null,
  prev_hash bytea not null,
  hash bytea not null,
  constraint events_ledger_id_id_key UNIQUE (ledger_id, id),
  constraint events_ledger_id_stream_version_key UNIQUE (ledger_id, stream, version),
  constraint events_pkey PRIMARY KEY (ledger_id, "position"),
  constraint events_position_check CHECK (("position" >= 1)),
  constraint events_schema_check CHECK ((schema >= 1)),
  constraint events_version_check CHECK ((version >= 1))
);
CREATE INDEX events_actor ON eventchain.events USING btree (ledger_id, hashtextextended((metadata ->> 'actor'::text), (0)::bigint), "position") WHERE ((metadata ->> 'actor'::text) IS NOT NULL);
CREATE INDEX events_causation ON eventchain.events USING btree (ledger_id, hashtextextended((metadata ->> 'causationId'::text), (0)::bigint), "position") WHERE ((metadata ->> 'causationId'::text) IS NOT NULL);
CREATE INDEX events_correlation ON eventchain.events USING btree (ledger_id, hashtextextended((metadata ->> 'correlationId'::text), (0)::bigint), "position") WHERE ((metadata ->> 'correlationId'::text) IS NOT NULL);
CREATE INDEX events_ip ON eventchain.events USING btree (ledger_id, hashtextextended((metadata ->> 'ip'::text), (0)::bigint), "position") WHERE ((metadata ->> 'ip'::text) IS NOT NULL);
CREATE INDEX events_type ON eventchain.events USING btree (ledger_id, type, "position");
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON eventchain.events FOR EACH ROW EXECUTE FUNCTION eventchain.refuse_event_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON eventchain.events FOR EACH STATEMENT EXECUTE FUNCTION eventchain.refuse_change();
enable row level security;
policy restricted for select to eventchain_viewer using (((ledger_id = ( SELECT (NULLIF(current_setting('eventchain.ledger'::text, true), ''::text))::bigint AS "nullif")) AND eventchain.sees(( SELECT (NULLIF(current_setting('eventchain.access'::text, true), ''::text))::jsonb AS "nullif"), stream, type, tags)));
policy whole for select to eventchain_handler, eventchain_reader, eventchain_sealer, eventchain_writer using (true);
grant SELECT on events to eventchain_handler;
grant SELECT on events to eventchain_reader;
grant SELECT on events to eventchain_sealer;
grant SELECT on events to eventchain_viewer;
grant SELECT on events to eventchain_writer;

table handler_troubles (
  ledger_id bigint not null,
  handler text collate "C" not null,
  state text not null,
  reason text not null,
  since timestamp with time zone not null default clock_timestamp(),
  seen_at timestamp with time zone not null default clock_timestamp(),
  constraint handler_troubles_handler_check CHECK (((octet_length(handler) >= 1) AND (octet_length(handler) <= 1000))),
  constraint handler_troubles_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint handler_troubles_pkey PRIMARY KEY (ledger_id, handler),
  constraint handler_troubles_state_check CHECK ((state = ANY (ARRAY['failing'::text, 'failed'::text])))
);
grant DELETE on handler_troubles to eventchain_handler;
grant INSERT on handler_troubles to eventchain_handler;
grant SELECT on handler_troubles to eventchain_handler;
grant UPDATE on handler_troubles to eventchain_handler;
grant SELECT on handler_troubles to eventchain_reader;
grant SELECT on handler_troubles to eventchain_sealer;
grant SELECT on handler_troubles to eventchain_writer;

table handlers (
  ledger_id bigint not null,
  handler text collate "C" not null,
  enabled boolean not null,
  by text not null,
  position bigint not null,
  at timestamp with time zone not null,
  constraint handlers_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint handlers_pkey PRIMARY KEY (ledger_id, handler)
);
grant SELECT on handlers to eventchain_handler;
grant SELECT on handlers to eventchain_reader;
grant SELECT on handlers to eventchain_sealer;
grant SELECT on handlers to eventchain_writer;

table ledger_contracts (
  ledger_id bigint not null,
  chain_id bigint not null,
  genesis_hash bytea not null,
  contract bytea not null,
  onchain_id bytea not null,
  owner bytea not null,
  opened_block bigint not null,
  constraint ledger_contracts_contract_check CHECK ((octet_length(contract) = 20)),
  constraint ledger_contracts_genesis_hash_check CHECK ((octet_length(genesis_hash) = 32)),
  constraint ledger_contracts_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint ledger_contracts_onchain_id_check CHECK ((octet_length(onchain_id) = 32)),
  constraint ledger_contracts_owner_check CHECK ((octet_length(owner) = 20)),
  constraint ledger_contracts_pkey PRIMARY KEY (ledger_id)
);
grant SELECT on ledger_contracts to eventchain_handler;
grant SELECT on ledger_contracts to eventchain_reader;
grant SELECT on ledger_contracts to eventchain_sealer;
grant SELECT on ledger_contracts to eventchain_writer;

table ledgers (
  ledger_id bigint not null generated always as identity,
  origin text collate "C" not null,
  genesis json not null,
  genesis_hash bytea not null,
  epoch integer not null default 0,
  state text not null default 'open'::text,
  state_reason text,
  created_at timestamp with time zone not null default clock_timestamp(),
  constraint ledgers_genesis_hash_check CHECK ((octet_length(genesis_hash) = 32)),
  constraint ledgers_origin_check CHECK (((origin ~ '^[!-~]{1,200}$'::text) AND (origin !~ '[+~]'::text))),
  constraint ledgers_origin_key UNIQUE (origin),
  constraint ledgers_pkey PRIMARY KEY (ledger_id),
  constraint ledgers_state_check CHECK ((state = ANY (ARRAY['open'::text, 'halted'::text])))
);
grant SELECT on ledgers to eventchain_handler;
grant SELECT on ledgers to eventchain_reader;
grant SELECT on ledgers to eventchain_sealer;
grant SELECT on ledgers to eventchain_writer;
grant UPDATE (state) on eventchain.ledgers to eventchain_sealer;
grant UPDATE (state_reason) on eventchain.ledgers to eventchain_sealer;

table log_keys (
  ledger_id bigint not null,
  epoch integer not null,
  vkey text not null,
  constraint log_keys_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint log_keys_pkey PRIMARY KEY (ledger_id, epoch)
);
grant SELECT on log_keys to eventchain_handler;
grant SELECT on log_keys to eventchain_reader;
grant SELECT on log_keys to eventchain_sealer;
grant SELECT on log_keys to eventchain_writer;

table log_tiles (
  ledger_id bigint not null,
  level integer not null,
  tile bigint not null,
  hashes bytea not null storage e,
  constraint log_tiles_hashes_check CHECK ((((octet_length(hashes) >= 32) AND (octet_length(hashes) <= 8192)) AND ((octet_length(hashes) % 32) = 0))),
  constraint log_tiles_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint log_tiles_level_check CHECK (((level = '-1'::integer) OR ((level >= 1) AND (level <= 7)))),
  constraint log_tiles_pkey PRIMARY KEY (ledger_id, level, tile),
  constraint log_tiles_tile_check CHECK ((tile >= 0))
);
CREATE TRIGGER append_only BEFORE DELETE ON eventchain.log_tiles FOR EACH ROW EXECUTE FUNCTION eventchain.refuse_change();
CREATE TRIGGER grows_only BEFORE UPDATE ON eventchain.log_tiles FOR EACH ROW WHEN (((((new.ledger_id IS DISTINCT FROM old.ledger_id) OR (new.level IS DISTINCT FROM old.level)) OR (new.tile IS DISTINCT FROM old.tile)) OR (substr(new.hashes, 1, octet_length(old.hashes)) <> old.hashes))) EXECUTE FUNCTION eventchain.refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON eventchain.log_tiles FOR EACH STATEMENT EXECUTE FUNCTION eventchain.refuse_change();
grant SELECT on log_tiles to eventchain_handler;
grant SELECT on log_tiles to eventchain_reader;
grant INSERT on log_tiles to eventchain_sealer;
grant SELECT on log_tiles to eventchain_sealer;
grant UPDATE on log_tiles to eventchain_sealer;
grant SELECT on log_tiles to eventchain_writer;

table migrations (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone not null default clock_timestamp(),
  constraint migrations_pkey PRIMARY KEY (version)
);
grant SELECT on migrations to eventchain_handler;
grant SELECT on migrations to eventchain_reader;
grant SELECT on migrations to eventchain_sealer;
grant SELECT on migrations to eventchain_writer;

table projection_builds (
  build_id bigint not null generated always as identity,
  ledger_id bigint not null,
  name text collate "C" not null,
  version integer not null,
  mode text not null,
  state text not null default 'building'::text,
  schema_name text not null default ((('ledger_'::text || (ledger_id)::text) || '_build_'::text) || (build_id)::text),
  position bigint not null default 0,
  hash bytea not null,
  stopped_at timestamp with time zone,
  reason text,
  created_at timestamp with time zone not null default clock_timestamp(),
  swapped_at timestamp with time zone,
  definition bytea,
  put_off text,
  tries integer not null default 0,
  try_at timestamp with time zone,
  constraint projection_builds_check CHECK (((stopped_at IS NULL) = (reason IS NULL))),
  constraint projection_builds_definition_check CHECK ((octet_length(definition) = 32)),
  constraint projection_builds_hash_check CHECK ((octet_length(hash) = 32)),
  constraint projection_builds_ledger_id_name_fkey FOREIGN KEY (ledger_id, name) REFERENCES eventchain.projections(ledger_id, name),
  constraint projection_builds_mode_check CHECK ((mode = ANY (ARRAY['inline'::text, 'async'::text]))),
  constraint projection_builds_pkey PRIMARY KEY (build_id),
  constraint projection_builds_position_check CHECK (("position" >= 0)),
  constraint projection_builds_state_check CHECK ((state = ANY (ARRAY['building'::text, 'live'::text, 'retired'::text]))),
  constraint projection_builds_tries_check CHECK ((tries >= 0)),
  constraint projection_builds_version_check CHECK ((version >= 1))
);
CREATE INDEX projection_builds_name ON eventchain.projection_builds USING btree (ledger_id, name);
CREATE UNIQUE INDEX projection_builds_one_of_each ON eventchain.projection_builds USING btree (ledger_id, name, state) WHERE (state <> 'retired'::text);
grant DELETE on projection_builds to eventchain_handler;
grant INSERT on projection_builds to eventchain_handler;
grant SELECT on projection_builds to eventchain_handler;
grant UPDATE on projection_builds to eventchain_handler;
grant SELECT on projection_builds to eventchain_reader;
grant SELECT on projection_builds to eventchain_sealer;
grant SELECT on projection_builds to eventchain_writer;

table projection_dead_letters (
  ledger_id bigint not null,
  name text collate "C" not null,
  build_id bigint not null,
  position bigint not null,
  type text collate "C" not null,
  error text not null,
  at timestamp with time zone not null default clock_timestamp(),
  constraint projection_dead_letters_build_id_fkey FOREIGN KEY (build_id) REFERENCES eventchain.projection_builds(build_id) ON DELETE CASCADE,
  constraint projection_dead_letters_pkey PRIMARY KEY (build_id, "position")
);
CREATE INDEX projection_dead_letters_name ON eventchain.projection_dead_letters USING btree (ledger_id, name, "position");
grant DELETE on projection_dead_letters to eventchain_handler;
grant INSERT on projection_dead_letters to eventchain_handler;
grant SELECT on projection_dead_letters to eventchain_handler;
grant UPDATE on projection_dead_letters to eventchain_handler;
grant SELECT on projection_dead_letters to eventchain_reader;
grant SELECT on projection_dead_letters to eventchain_sealer;
grant SELECT on projection_dead_letters to eventchain_writer;

table projections (
  ledger_id bigint not null,
  name text collate "C" not null,
  live_build bigint,
  constraint projections_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint projections_live_build_fkey FOREIGN KEY (live_build) REFERENCES eventchain.projection_builds(build_id) ON DELETE SET NULL,
  constraint projections_name_check CHECK ((name ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
  constraint projections_pkey PRIMARY KEY (ledger_id, name)
);
grant DELETE on projections to eventchain_handler;
grant INSERT on projections to eventchain_handler;
grant SELECT on projections to eventchain_handler;
grant UPDATE on projections to eventchain_handler;
grant SELECT on projections to eventchain_reader;
grant SELECT on projections to eventchain_sealer;
grant SELECT on projections to eventchain_writer;

table reaction_tasks (
  ledger_id bigint not null,
  reaction text collate "C" not null,
  position bigint not null,
  handler text collate "C" not null,
  stream text collate "C" not null,
  is_timeout boolean not null,
  is_checked boolean not null,
  state text not null default 'waiting'::text,
  is_held boolean not null default false,
  attempts integer not null default 0,
  due_at timestamp with time zone not null,
  lease uuid,
  lease_until timestamp with time zone,
  error text,
  constraint reaction_tasks_attempts_check CHECK ((attempts >= 0)),
  constraint reaction_tasks_check CHECK ((((state = 'running'::text) = (lease IS NOT NULL)) AND ((lease IS NULL) = (lease_until IS NULL)))),
  constraint reaction_tasks_check1 CHECK ((NOT (is_held AND (is_timeout OR (state <> 'waiting'::text))))),
  constraint reaction_tasks_ledger_id_reaction_fkey FOREIGN KEY (ledger_id, reaction) REFERENCES eventchain.reactions(ledger_id, name),
  constraint reaction_tasks_pkey PRIMARY KEY (ledger_id, reaction, "position", handler),
  constraint reaction_tasks_position_check CHECK (("position" >= 1)),
  constraint reaction_tasks_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'dead'::text])))
);
CREATE INDEX reaction_tasks_due ON eventchain.reaction_tasks USING btree (ledger_id, reaction, due_at) WHERE ((state = 'waiting'::text) AND (NOT is_held));
CREATE INDEX reaction_tasks_running ON eventchain.reaction_tasks USING btree (ledger_id, reaction, lease_until) WHERE (state = 'running'::text);
CREATE INDEX reaction_tasks_running_stream ON eventchain.reaction_tasks USING btree (ledger_id, reaction, stream) WHERE (state = 'running'::text);
CREATE INDEX reaction_tasks_stream ON eventchain.reaction_tasks USING btree (ledger_id, reaction, stream, "position") WHERE (NOT is_timeout);
grant DELETE on reaction_tasks to eventchain_handler;
grant INSERT on reaction_tasks to eventchain_handler;
grant SELECT on reaction_tasks to eventchain_handler;
grant UPDATE on reaction_tasks to eventchain_handler;
grant SELECT on reaction_tasks to eventchain_reader;
grant SELECT on reaction_tasks to eventchain_sealer;
grant SELECT on reaction_tasks to eventchain_writer;

table reactions (
  ledger_id bigint not null,
  name text collate "C" not null,
  position bigint not null,
  hash bytea not null,
  made_at timestamp with time zone not null default clock_timestamp(),
  constraint reactions_hash_check CHECK ((octet_length(hash) = 32)),
  constraint reactions_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint reactions_pkey PRIMARY KEY (ledger_id, name),
  constraint reactions_position_check CHECK (("position" >= 0))
);
grant INSERT on reactions to eventchain_handler;
grant SELECT on reactions to eventchain_handler;
grant SELECT on reactions to eventchain_reader;
grant SELECT on reactions to eventchain_sealer;
grant SELECT on reactions to eventchain_writer;
grant UPDATE (hash) on eventchain.reactions to eventchain_handler;
grant UPDATE (position) on eventchain.reactions to eventchain_handler;

table snapshot_cursors (
  ledger_id bigint not null,
  rule text collate "C" not null,
  position bigint not null,
  hash bytea not null,
  counted bigint not null default 0,
  constraint snapshot_cursors_counted_check CHECK ((counted >= 0)),
  constraint snapshot_cursors_hash_check CHECK ((octet_length(hash) = 32)),
  constraint snapshot_cursors_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint snapshot_cursors_pkey PRIMARY KEY (ledger_id, rule),
  constraint snapshot_cursors_position_check CHECK (("position" >= 0))
);
grant INSERT on snapshot_cursors to eventchain_handler;
grant SELECT on snapshot_cursors to eventchain_handler;
grant SELECT on snapshot_cursors to eventchain_reader;
grant SELECT on snapshot_cursors to eventchain_sealer;
grant SELECT on snapshot_cursors to eventchain_writer;
grant UPDATE (counted) on eventchain.snapshot_cursors to eventchain_handler;
grant UPDATE (hash) on eventchain.snapshot_cursors to eventchain_handler;
grant UPDATE (position) on eventchain.snapshot_cursors to eventchain_handler;

table snapshot_waits (
  ledger_id bigint not null,
  rule text collate "C" not null,
  stream text collate "C" not null,
  due_at timestamp with time zone not null,
  constraint snapshot_waits_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint snapshot_waits_pkey PRIMARY KEY (ledger_id, rule, stream)
);
CREATE INDEX snapshot_waits_due ON eventchain.snapshot_waits USING btree (ledger_id, rule, due_at);
grant DELETE on snapshot_waits to eventchain_handler;
grant INSERT on snapshot_waits to eventchain_handler;
grant SELECT on snapshot_waits to eventchain_handler;
grant UPDATE on snapshot_waits to eventchain_handler;
grant SELECT on snapshot_waits to eventchain_reader;
grant SELECT on snapshot_waits to eventchain_sealer;
grant SELECT on snapshot_waits to eventchain_writer;

table snapshots (
  ledger_id bigint not null,
  branch text collate "C" not null,
  position bigint not null,
  schema integer not null,
  of text collate "C" not null,
  version bigint,
  state json not null,
  salt bytea not null,
  event_position bigint not null,
  taken_at timestamp with time zone not null,
  constraint snapshots_branch_check CHECK (((octet_length(branch) >= 1) AND (octet_length(branch) <= 500))),
  constraint snapshots_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint snapshots_pkey PRIMARY KEY (ledger_id, branch, "position", schema),
  constraint snapshots_position_check CHECK (("position" >= 1)),
  constraint snapshots_salt_check CHECK ((octet_length(salt) = 32)),
  constraint snapshots_schema_check CHECK ((schema >= 1)),
  constraint snapshots_version_check CHECK ((version >= 1))
);
CREATE INDEX snapshots_version ON eventchain.snapshots USING btree (ledger_id, branch, schema, version, "position") WHERE (version IS NOT NULL);
grant SELECT on snapshots to eventchain_handler;
grant SELECT on snapshots to eventchain_reader;
grant SELECT on snapshots to eventchain_sealer;
grant SELECT on snapshots to eventchain_writer;

table subscription_checkpoints (
  ledger_id bigint not null,
  name text collate "C" not null,
  position bigint not null,
  hash bytea not null,
  reader bytea not null,
  updated_at timestamp with time zone not null default clock_timestamp(),
  constraint subscription_checkpoints_hash_check CHECK ((octet_length(hash) = 32)),
  constraint subscription_checkpoints_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint subscription_checkpoints_name_check CHECK (((octet_length(name) >= 1) AND (octet_length(name) <= 200))),
  constraint subscription_checkpoints_pkey PRIMARY KEY (ledger_id, name),
  constraint subscription_checkpoints_position_check CHECK (("position" >= 1)),
  constraint subscription_checkpoints_reader_check CHECK ((octet_length(reader) = 16))
);
grant SELECT on subscription_checkpoints to eventchain_reader;
grant SELECT on subscription_checkpoints to eventchain_sealer;
grant SELECT on subscription_checkpoints to eventchain_writer;

table watermarks (
  ledger_id bigint not null,
  sealed_size bigint not null default 0,
  anchored_size bigint not null default 0,
  final_size bigint not null default 0,
  constraint watermarks_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES eventchain.ledgers(ledger_id),
  constraint watermarks_pkey PRIMARY KEY (ledger_id)
);
grant SELECT on watermarks to eventchain_handler;
grant SELECT on watermarks to eventchain_reader;
grant SELECT on watermarks to eventchain_sealer;
grant SELECT on watermarks to eventchain_writer;
grant UPDATE (anchored_size) on eventchain.watermarks to eventchain_sealer;
grant UPDATE (final_size) on eventchain.watermarks to eventchain_sealer;
grant UPDATE (sealed_size) on eventchain.watermarks to eventchain_sealer;

view anchor_rows with (security_invoker=true) as
 SELECT anchor_id,
    ledger_id,
    epoch,
    from_size,
    size,
    root,
    chain_id,
    contract,
    sender,
    nonce,
    raw_tx,
    tx_hash,
    state,
    max_fee_per_gas,
    max_priority_fee_per_gas,
    block_number,
    block_hash,
    EXTRACT(epoch FROM block_time)::bigint AS block_time_seconds,
    gas_used,
    fee,
    error,
    (EXTRACT(epoch FROM prepared_at) * 1000::numeric)::bigint AS prepared_at_ms,
    (EXTRACT(epoch FROM sent_at) * 1000::numeric)::bigint AS sent_at_ms,
    (EXTRACT(epoch FROM mined_at) * 1000::numeric)::bigint AS mined_at_ms,
    (EXTRACT(epoch FROM final_at) * 1000::numeric)::bigint AS final_at_ms,
    (EXTRACT(epoch FROM now() - prepared_at) * 1000::numeric)::bigint AS since_prepared_ms,
    (EXTRACT(epoch FROM now() - sent_at) * 1000::numeric)::bigint AS since_sent_ms
   FROM eventchain.anchors a;
grant SELECT on anchor_rows to eventchain_handler;
grant SELECT on anchor_rows to eventchain_reader;
grant SELECT on anchor_rows to eventchain_sealer;
grant SELECT on anchor_rows to eventchain_writer;

view command_status with (security_invoker=true) as
 SELECT c.ledger_id,
    c.command_id,
    c.type,
    c.actor,
    c.outcome,
    c.code,
    c.first_position,
    c.last_position,
    c.at,
        CASE
            WHEN c.outcome = 'rejected'::text THEN 'rejected'::text
            WHEN c.last_position <= w.final_size THEN 'final'::text
            WHEN c.last_position <= w.anchored_size THEN 'anchored'::text
            WHEN c.last_position <= w.sealed_size THEN 'sealed'::text
            ELSE 'appended'::text
        END AS state,
    a.tx_hash,
    a.block_number,
    a.block_time,
    c.reason
   FROM eventchain.commands c
     JOIN eventchain.watermarks w USING (ledger_id)
     LEFT JOIN LATERAL ( SELECT a_1.tx_hash,
            a_1.block_number,
            a_1.block_time
           FROM eventchain.anchors a_1
          WHERE a_1.ledger_id = c.ledger_id AND a_1.size >= c.last_position AND (a_1.state = ANY (ARRAY['mined'::text, 'final'::text]))
          ORDER BY a_1.size
         LIMIT 1) a ON c.outcome = 'recorded'::text;
grant SELECT on command_status to eventchain_handler;
grant SELECT on command_status to eventchain_reader;
grant SELECT on command_status to eventchain_sealer;
grant SELECT on command_status to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.add_obstacles(obstacles text, positions bigint[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (positions IS NULL) THEN obstacles ELSE (ARRAY(SELECT DISTINCT p.p FROM unnest(((add_obstacles.obstacles)::bigint[] || add_obstacles.positions)) p(p) ORDER BY p.p LIMIT 16))::text END
;

CREATE OR REPLACE FUNCTION eventchain.append_each(ledger bigint, command_ids text[], request_hashes bytea[], command_types text[], command_actors text[], event_counts integer[], expected_counts integer[], stream_names text[], expected_streams integer[], expected_versions bigint[], event_streams integer[], ids uuid[], types text[], schemas integer[], tags text[], datas text[], salts bytea[], metadatas text[], meta_salts bytea[], conditions text[], condition_afters bigint[], chains integer[], rejection_codes text[], rejection_reasons text[], rejection_ids uuid[], rejection_salts bytea[], rejection_metadatas text[], rejection_meta_salts bytea[])
 RETURNS TABLE(request integer, outcome text, "position" bigint, stream text, version bigint, id uuid, hash bytea, recorded_at_micros bigint, code text, message text, event integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '10s'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
 SET jit TO 'off'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.append_events(ledger bigint, command_ids text[], request_hashes bytea[], command_types text[], command_actors text[], event_counts integer[], expected_counts integer[], stream_names text[], expected_streams integer[], expected_versions bigint[], event_streams integer[], ids uuid[], types text[], schemas integer[], tags text[], datas text[], salts bytea[], metadatas text[], meta_salts bytea[], conditions text[], condition_afters bigint[], chains integer[], rejection_codes text[], rejection_reasons text[], rejection_ids uuid[], rejection_salts bytea[], rejection_metadatas text[], rejection_meta_salts bytea[])
 RETURNS TABLE(request integer, outcome text, "position" bigint, stream text, version bigint, id uuid, hash bytea, recorded_at_micros bigint, code text, message text, event integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '10s'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
 SET jit TO 'off'
AS $function$
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
$function$
;
grant execute on function append_events to eventchain_handler;
grant execute on function append_events to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.append_system_event(ledger bigint, stream_name text, event_type text, event_data text, event_id uuid, salt bytea, event_metadata text, meta_salt bytea)
 RETURNS TABLE(problem text, "position" bigint, recorded_at timestamp with time zone)
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  target record;
  head record;
  newest_version bigint;
  micros bigint;
  data_hash bytea := sha256('\x44'::bytea || salt || convert_to(event_data, 'UTF8'));
  meta_hash bytea := sha256('\x4d'::bytea || meta_salt || convert_to(event_metadata, 'UTF8'));
  content_hash bytea;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'appends run at read committed, not at %', current_setting('transaction_isolation')
      using errcode = 'invalid_transaction_state';
  end if;
  problem := case
    when num_nulls(stream_name, event_type, event_data, event_id, salt, event_metadata, meta_salt) > 0
      then 'invalid-argument|a part of an event is missing'
    when octet_length(stream_name) not between 1 and 512
      then 'invalid-name|a stream''s name has 1 to 512 bytes of UTF-8'
    -- RFC 9562, as in append_events.
    when substr(event_id::text, 15, 1) <> '7' or substr(event_id::text, 20, 1) not in ('8', '9', 'a', 'b')
      then 'invalid-argument|an event id is a UUIDv7'
    when octet_length(salt) <> 16 or octet_length(meta_salt) <> 16 then 'invalid-argument|a salt has 16 bytes'
    else coalesce(
      eventchain.object_problem('data', event_data),
      case when octet_length(event_metadata) > 1048576 then 'too-large|metadata has at most 1,048,576 bytes' end,
      eventchain.object_problem('metadata', event_metadata))
  end;
  -- Of texts that are known to be objects.
  if problem is null then
    problem := case
      when eventchain.has_reserved_keys(event_metadata)
        then 'invalid-name|metadata keys that begin with $ belong to the ledger'
      when eventchain.metadata_command(event_metadata) is not null
        then 'invalid-argument|metadata.commandId is absent without a command'
    end;
  end if;
  if problem is not null then
    return next;
    return;
  end if;

  if current_setting('idle_in_transaction_session_timeout') = '0' then
    perform set_config('idle_in_transaction_session_timeout', '10s', true);
  end if;
  select l.origin, l.genesis_hash, l.state, l.state_reason into target
    from eventchain.ledgers l where l.ledger_id = ledger for no key update;
  if target.origin is null then
    return;
  end if;
  if target.state <> 'open' then
    problem := 'ledger-halted|' || coalesce(target.state_reason, 'the ledger is halted');
    return next;
    return;
  end if;
  if exists (
    select from eventchain.events e
     where e.ledger_id = ledger and e.id between event_id and event_id order by e.id limit 1
  ) then
    problem := 'duplicate-id|an event with this id is recorded already';
    return next;
    return;
  end if;

  select e.position, e.hash, e.recorded_at into head
    from eventchain.events e where e.ledger_id = ledger order by e.position desc limit 1;
  select e.version into newest_version
    from eventchain.events e where e.ledger_id = ledger and e.stream = stream_name order by e.version desc limit 1;
  newest_version := coalesce(newest_version, 0) + 1;
  position := coalesce(head.position, 0) + 1;
  recorded_at := greatest(clock_timestamp(), head.recorded_at);
  micros := (extract(epoch from recorded_at) * 1000000)::bigint;
  content_hash := sha256(convert_to(
    '{"data":"' || encode(data_hash, 'hex') || '","id":"' || event_id::text || '","ledger":'
    || to_json(target.origin)::text || ',"meta":"' || encode(meta_hash, 'hex') || '","schema":1,"stream":'
    || to_json(stream_name)::text || ',"tags":[],"type":' || to_json(event_type)::text || '}', 'UTF8'));
  insert into eventchain.events (ledger_id, position, version, recorded_at, id, schema, stream, type, tags,
      data, salt, data_hash, metadata, meta_salt, meta_hash, content_hash, prev_hash, hash)
    values (ledger, position, newest_version, recorded_at, event_id, 1, stream_name, event_type, '{}',
      event_data::json, salt, data_hash, event_metadata::json, meta_salt, meta_hash, content_hash,
      coalesce(head.hash, target.genesis_hash),
      sha256('\x45'::bytea || coalesce(head.hash, target.genesis_hash) || int8send(position)
        || int8send(newest_version) || int8send(micros) || content_hash));
  return next;
end
$function$
;

CREATE OR REPLACE FUNCTION eventchain.are_items(items jsonb)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((jsonb_typeof(items) <> 'array'::text) OR (jsonb_array_length(items) > 1024) OR jsonb_path_exists(items, 'strict $[*]?(@.type() != "object")'::jsonpath)) THEN false WHEN (jsonb_path_exists(items, '$[*]?((!(exists (@."streams")) && !(exists (@."types"))) && !(exists (@."tags")))'::jsonpath) OR jsonb_path_exists(items, 'strict $[*].keyvalue()?((@."key" != "streams" && @."key" != "types") && @."key" != "tags")'::jsonpath) OR jsonb_path_exists(items, 'strict $[*].*?(@.type() != "array" || @.size() == 0)'::jsonpath)) THEN false ELSE (NOT jsonb_path_exists(items, 'strict $[*].*[*]?(@.type() != "string")'::jsonpath)) END
;

CREATE OR REPLACE FUNCTION eventchain.condition_problem(condition text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.count_names(query jsonb)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((SELECT count(*) AS count FROM jsonb_path_query(count_names.query, '$[*].*[*]'::jsonpath) jsonb_path_query(jsonb_path_query)))::integer
;

CREATE OR REPLACE FUNCTION eventchain.count_positions(ledger bigint, low bigint, high bigint, search jsonb)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
$function$
;
grant execute on function count_positions to eventchain_handler;
grant execute on function count_positions to eventchain_reader;
grant execute on function count_positions to eventchain_sealer;
grant execute on function count_positions to eventchain_viewer;
grant execute on function count_positions to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.find_matching(ledger bigint, item eventchain.condition_item, after bigint, upto bigint)
 RETURNS bigint[]
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.find_obstacles(ledger bigint, items eventchain.condition_item[], pair_requests integer[], pair_items integer[], afters bigint[], low bigint, high bigint, locked boolean)
 RETURNS TABLE(request integer, positions bigint[])
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.find_positions(ledger bigint, low bigint, high bigint, backwards boolean, take bigint, search jsonb)
 RETURNS bigint[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
 SET enable_nestloop TO 'off'
 SET enable_hashjoin TO 'off'
 SET jit TO 'off'
AS $function$
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
$function$
;
grant execute on function find_positions to eventchain_handler;
grant execute on function find_positions to eventchain_reader;
grant execute on function find_positions to eventchain_sealer;
grant execute on function find_positions to eventchain_viewer;
grant execute on function find_positions to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.first_bits(mask bit varying, skip integer)
 RETURNS integer[]
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.first_past(ledger bigint, stream_name text, after bigint)
 RETURNS TABLE(version bigint, "position" bigint)
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.has_reserved_keys(metadata text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (EXISTS (SELECT FROM json_object_keys((has_reserved_keys.metadata)::json) keys(key) WHERE ("left"(keys.key, 1) = '$'::text)))
;

CREATE OR REPLACE FUNCTION eventchain.hold_ledger(ledger bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if current_setting('idle_in_transaction_session_timeout') = '0' then
    perform set_config('idle_in_transaction_session_timeout', '10s', true);
  end if;
  perform from eventchain.ledgers l where l.ledger_id = ledger for no key update;
  return found;
end
$function$
;
grant execute on function hold_ledger to eventchain_handler;

CREATE OR REPLACE FUNCTION eventchain.holds(streams text[], types text[], wanted_tags text[], checks jsonb, sieves jsonb[], stream text, type text, tags text[], metadata json)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (((streams IS NULL) OR (stream = ANY (streams))) AND ((types IS NULL) OR (type = ANY (types))) AND ((wanted_tags IS NULL) OR (tags @> wanted_tags)) AND ((checks IS NULL) OR eventchain.passes(checks, type, metadata)) AND ((sieves IS NULL) OR (eventchain.sees((sieves)[1], stream, type, tags) AND eventchain.sees((sieves)[2], stream, type, tags))))
;

CREATE OR REPLACE FUNCTION eventchain.index_positions(ledger bigint, kind text, tag text, keys text[], low bigint, high bigint, backwards boolean, take bigint, plain boolean, streams text[], types text[], wanted_tags text[], checks jsonb, sieves jsonb[])
 RETURNS bigint[]
 LANGUAGE plpgsql
 STABLE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.is_list(list anyarray, size integer)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
  select coalesce(array_ndims(list), 1) = 1 and coalesce(array_lower(list, 1), 1) = 1
     and coalesce(cardinality(list), 0) = size
$function$
;

CREATE OR REPLACE FUNCTION eventchain.keep_schemas(ledger bigint, types text[], versions integer[], schemas text[])
 RETURNS TABLE(type text, version integer, hash bytea, schema text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '10s'
AS $function$
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
$function$
;
grant execute on function keep_schemas to eventchain_handler;
grant execute on function keep_schemas to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.make_projection_schema(wanted text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if wanted !~ '^ledger_[0-9]{1,19}(_(build|scratch)_[0-9]{1,19})?$' then
    raise exception 'a projection''s schema is not called %', wanted using errcode = 'invalid_parameter_value';
  end if;
  if wanted ~ '_(build|scratch)_' then
    execute format('create schema %I authorization eventchain_projector', wanted);
    return;
  end if;
  if exists (select from pg_namespace n where n.nspname = wanted) then
    return;
  end if;
  -- Of two that come at once the second one looks again with a query: `to_regnamespace` would answer from the session's
  -- cache, which waiting for an advisory lock does not renew.
  perform pg_advisory_xact_lock(hashtextextended('eventchain ' || wanted, 0));
  if exists (select from pg_namespace n where n.nspname = wanted) then
    return;
  end if;
  execute format('create schema %I authorization eventchain_projector', wanted);
  execute format('grant usage on schema %I to eventchain_reader, eventchain_writer, eventchain_handler', wanted);
  execute format('alter default privileges for role eventchain_projector in schema %I '
    || 'grant select on tables to eventchain_reader, eventchain_writer, eventchain_handler', wanted);
end
$function$
;
grant execute on function make_projection_schema to eventchain_handler;
grant execute on function make_projection_schema to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.match_items(items eventchain.condition_item[], streams text[], types text[], tags text[])
 RETURNS TABLE(item integer, mask bit varying)
 LANGUAGE plpgsql
 SET enable_nestloop TO 'off'
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.may_have_reserved_keys(metadata text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((strpos(metadata, '"$'::text) > 0) OR (strpos(metadata, '\u'::text) > 0))
;

CREATE OR REPLACE FUNCTION eventchain.merge_positions(one bigint[], other bigint[], backwards boolean, take bigint)
 RETURNS bigint[]
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  return array(
    select p from (select unnest(one) union select unnest(other)) both_of (p)
     order by case when backwards then -p else p end limit take);
end
$function$
;

CREATE OR REPLACE FUNCTION eventchain.metadata_command(metadata text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((strpos(metadata, 'commandId'::text) = 0) AND (strpos(metadata, '\u'::text) = 0)) THEN NULL::text WHEN (json_typeof(((metadata)::json -> 'commandId'::text)) <> 'string'::text) THEN ''::text ELSE ((metadata)::json ->> 'commandId'::text) END
;

CREATE OR REPLACE FUNCTION eventchain.move_inline_build(ledger bigint, build bigint, known_position bigint, new_position bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
begin
  update eventchain.projection_builds b
     set position = e.position, hash = e.hash
    from (
      select e.position, e.hash, e.xmin as transaction
        from eventchain.events e
       where e.ledger_id = ledger and e.position between new_position and new_position order by e.position limit 1
    ) e
   where b.build_id = build and b.ledger_id = ledger
     and b.mode = 'inline' and b.state = 'live' and b.reason is null
     and b.position = known_position and e.position > b.position
     and e.transaction = pg_current_xact_id()::xid
     and b.hash = (
       select k.hash from eventchain.events k where k.ledger_id = b.ledger_id and k.position = b.position
       union all
       select l.genesis_hash from eventchain.ledgers l where l.ledger_id = b.ledger_id and b.position = 0);
  if not found then
    raise exception 'build % is no live inline projection at position %, or this transaction has not appended position %',
      build, known_position, new_position
      using errcode = 'invalid_parameter_value';
  end if;
end
$function$
;
grant execute on function move_inline_build to eventchain_handler;
grant execute on function move_inline_build to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.move_subscription_checkpoint(ledger bigint, checkpoint text, known_position bigint, known_hash bytea, new_position bigint, new_hash bytea, by_reader bytea)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '10s'
AS $function$
begin
  if not exists (
    select from eventchain.events e
     where e.ledger_id = ledger and e.position = new_position and e.hash = new_hash
  ) then
    return 'forked';
  end if;
  -- What this very run has moved is where it knows it to stand, though the answer was lost.
  update eventchain.subscription_checkpoints c
     set position = new_position, hash = new_hash, reader = by_reader, updated_at = clock_timestamp()
   where c.ledger_id = ledger and c.name = checkpoint
     and (c.reader = by_reader or (c.position = known_position and c.hash = known_hash))
     and c.position < new_position;
  if not found and known_position is null then
    insert into eventchain.subscription_checkpoints (ledger_id, name, position, hash, reader)
      values (ledger, checkpoint, new_position, new_hash, by_reader)
      on conflict do nothing;
  end if;
  if found or exists (
    select from eventchain.subscription_checkpoints c
     where c.ledger_id = ledger and c.name = checkpoint
       and c.position = new_position and c.hash = new_hash and c.reader = by_reader
  ) then
    return 'moved';
  end if;
  return 'conflict';
end
$function$
;
grant execute on function move_subscription_checkpoint to eventchain_handler;
grant execute on function move_subscription_checkpoint to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.object_problem(what text, value text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (octet_length(value) > 16777216) THEN (('too-large|'::text || what) || ' has at most 16,777,216 bytes'::text) WHEN (NOT (value IS JSON OBJECT WITH UNIQUE KEYS)) THEN (('invalid-json|'::text || what) || ' is not a JSON object with unique keys'::text) WHEN ((octet_length(value) > 2000) AND ((octet_length(value) - octet_length(translate(value, '[{'::text, ''::text))) > 1000) AND jsonb_path_exists((value)::jsonb, 'strict $.**{1000 to last}?(@.type() == "object" || @.type() == "array")'::jsonpath)) THEN (('too-large|'::text || what) || ' is nested deeper than 1,000 levels'::text) ELSE NULL::text END
;

CREATE OR REPLACE FUNCTION eventchain.passes(checks jsonb, type text, metadata json)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
  return (not checks ? 'own' or left(type, 1) <> '$')
    and (not checks ? 'actor' or metadata ->> 'actor' = checks ->> 'actor')
    and (not checks ? 'ip' or metadata ->> 'ip' = checks ->> 'ip')
    and (not checks ? 'correlationId' or metadata ->> 'correlationId' = checks ->> 'correlationId')
    and (not checks ? 'causationIds' or checks -> 'causationIds' ? (metadata ->> 'causationId'));
end
$function$
;

CREATE OR REPLACE FUNCTION eventchain.pick_way(ledger bigint, ways jsonb[], low bigint, high bigint, backwards boolean, take bigint)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  raise exception 'eventchain.% is append-only: % is refused', tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege', hint = 'The history of a ledger is never changed. Append an event instead.';
end
$function$
;

CREATE OR REPLACE FUNCTION eventchain.refuse_event_change()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
begin
  if tg_op = 'UPDATE' and current_setting('eventchain.erasing', true) = 'yes'
     and (new.ledger_id, new.position, new.version, new.recorded_at, new.id, new.schema, new.stream, new.type,
          new.tags, new.data_hash, new.meta_hash, new.content_hash, new.prev_hash, new.hash)
       = (old.ledger_id, old.position, old.version, old.recorded_at, old.id, old.schema, old.stream, old.type,
          old.tags, old.data_hash, old.meta_hash, old.content_hash, old.prev_hash, old.hash)
     and ((new.data is null and new.salt is null)
       or (new.data::text = old.data::text and new.salt = old.salt))
     and ((new.metadata is null and new.meta_salt is null)
       or (new.metadata::text = old.metadata::text and new.meta_salt = old.meta_salt)) then
    return new;
  end if;
  raise exception 'eventchain.events is append-only: % is refused', lower(tg_op)
    using errcode = 'insufficient_privilege', hint = 'The history of a ledger is never changed. Append an event instead.';
end
$function$
;

CREATE OR REPLACE FUNCTION eventchain.rejection_data(actor text, code text, command text, type text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (((((((('{"actor":'::text || COALESCE((to_json(actor))::text, 'null'::text)) || ',"code":'::text) || COALESCE((to_json(code))::text, 'null'::text)) || ',"command":'::text) || COALESCE((to_json(command))::text, 'null'::text)) || ',"type":'::text) || COALESCE((to_json(type))::text, 'null'::text)) || '}'::text)
;

CREATE OR REPLACE FUNCTION eventchain.restrict(ledger bigint, access jsonb)
 RETURNS void
 LANGUAGE sql
BEGIN ATOMIC
 SELECT set_config('eventchain.ledger'::text, (ledger)::text, true) AS set_config,
     set_config('eventchain.access'::text, (eventchain.sieve_of(access))::text, true) AS set_config,
     set_config('role'::text, 'eventchain_viewer'::text, true) AS set_config;
END
;
grant execute on function restrict to eventchain_reader;
grant execute on function restrict to eventchain_viewer;
grant execute on function restrict to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.restriction_on(ledger bigint)
 RETURNS jsonb
 LANGUAGE plpgsql
 STABLE
AS $function$
declare
  caller name := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
  if pg_has_role(caller, 'eventchain_writer', 'usage') or pg_has_role(caller, 'eventchain_reader', 'usage')
     or pg_has_role(caller, 'eventchain_sealer', 'usage') or pg_has_role(caller, 'eventchain_handler', 'usage')
     or pg_has_role(caller, current_user, 'usage') then
    return null;
  end if;
  if current_setting('eventchain.ledger', true) = ledger::text then
    return nullif(coalesce(nullif(current_setting('eventchain.access', true), '')::jsonb, '{}'), '"all"');
  end if;
  return '{}';
end
$function$
;

CREATE OR REPLACE FUNCTION eventchain.search_problem(search jsonb)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.sees(sieve jsonb, stream text, type text, tags text[])
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$
;
grant execute on function sees to eventchain_handler;
grant execute on function sees to eventchain_reader;
grant execute on function sees to eventchain_sealer;
grant execute on function sees to eventchain_viewer;
grant execute on function sees to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.sieve_of(query jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (query = '"all"'::jsonb) THEN query WHEN (jsonb_typeof(query) = 'array'::text) THEN (SELECT COALESCE(jsonb_object_agg(kinds.kind, kinds.names), '{}'::jsonb) AS "coalesce" FROM (SELECT named.kind, jsonb_object_agg(named.name, named.rests) AS names FROM (SELECT filed.kind, filed.name, jsonb_agg(filed.rest) AS rests FROM (SELECT 'streams'::text AS kind, n.name, (i.item - 'streams'::text) AS rest FROM jsonb_array_elements(sieve_of.query) i(item), LATERAL jsonb_array_elements_text((i.item -> 'streams'::text)) n(name) UNION ALL SELECT 'tags'::text, ((i.item -> 'tags'::text) ->> 0), CASE WHEN (jsonb_array_length((i.item -> 'tags'::text)) = 1) THEN (i.item - 'tags'::text) ELSE i.item END AS item FROM jsonb_array_elements(sieve_of.query) i(item) WHERE ((NOT (i.item ? 'streams'::text)) AND (((i.item -> 'tags'::text) ->> 0) IS NOT NULL)) UNION ALL SELECT 'types'::text, n.name, '{}'::jsonb FROM jsonb_array_elements(sieve_of.query) i(item), LATERAL jsonb_array_elements_text((i.item -> 'types'::text)) n(name) WHERE ((NOT (i.item ? 'streams'::text)) AND (NOT (i.item ? 'tags'::text)))) filed GROUP BY filed.kind, filed.name) named GROUP BY named.kind) kinds) ELSE '{}'::jsonb END
;
grant execute on function sieve_of to eventchain_handler;
grant execute on function sieve_of to eventchain_reader;
grant execute on function sieve_of to eventchain_sealer;
grant execute on function sieve_of to eventchain_viewer;
grant execute on function sieve_of to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.state_hash(salt bytea, state text)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN sha256((('\x53'::bytea || salt) || convert_to(state, 'UTF8'::name)))
;

CREATE OR REPLACE FUNCTION eventchain.switch_handler(ledger bigint, handler_name text, is_enabled boolean, switched_by text, event_id uuid, event_salt bytea, event_metadata text, event_meta_salt bytea)
 RETURNS TABLE(outcome text, enabled boolean, by text, "position" bigint, at_micros bigint, code text, message text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '10s'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  problem text;
  known record;
  appended record;
begin
  problem := case
    when num_nulls(handler_name, is_enabled, switched_by) > 0 then 'invalid-argument|a part of the switch is missing'
    when octet_length(handler_name) not between 1 and 512
      then 'invalid-name|a handler''s name has 1 to 512 bytes of UTF-8'
    when octet_length(switched_by) not between 1 and 512
      then 'invalid-argument|who switches has a name of 1 to 512 bytes of UTF-8'
  end;
  if problem is null then
    if current_setting('idle_in_transaction_session_timeout') = '0' then
      perform set_config('idle_in_transaction_session_timeout', '10s', true);
    end if;
    perform from eventchain.ledgers l where l.ledger_id = ledger for no key update;
    if not found then
      return;
    end if;
    select h.enabled, h."by", h.position, (extract(epoch from h.at) * 1000000)::bigint as micros into known
      from eventchain.handlers h where h.ledger_id = ledger and h.handler = handler_name;
    if coalesce(known.enabled, true) = is_enabled then
      outcome := 'unchanged';
      enabled := is_enabled;
      "by" := known."by";
      position := known.position;
      at_micros := known.micros;
      return next;
      return;
    end if;
    select a.* into appended from eventchain.append_system_event(
      ledger, '$handlers', '$HandlerSwitched',
      '{"by":' || to_json(switched_by)::text || ',"enabled":' || is_enabled::text
        || ',"handler":' || to_json(handler_name)::text || '}',
      event_id, event_salt, event_metadata, event_meta_salt) a;
    problem := appended.problem;
  elsif not exists (select from eventchain.ledgers l where l.ledger_id = ledger) then
    return;
  end if;
  if problem is not null then
    outcome := 'refused';
    code := split_part(problem, '|', 1);
    message := substr(problem, length(code) + 2);
    return next;
    return;
  end if;
  insert into eventchain.handlers (ledger_id, handler, enabled, by, position, at)
    values (ledger, handler_name, is_enabled, switched_by, appended.position, appended.recorded_at)
    on conflict (ledger_id, handler) do update
      set enabled = excluded.enabled, by = excluded.by, position = excluded.position, at = excluded.at;
  outcome := 'switched';
  enabled := is_enabled;
  "by" := switched_by;
  position := appended.position;
  at_micros := (extract(epoch from appended.recorded_at) * 1000000)::bigint;
  return next;
end
$function$
;
grant execute on function switch_handler to eventchain_handler;
grant execute on function switch_handler to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.tags_problem(tags text[])
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.take_inline_builds(ledger bigint, names text[], at_position bigint)
 RETURNS TABLE(build_id bigint, name text, version integer, definition bytea, schema_name text, "position" bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
begin
  if current_setting('idle_in_transaction_session_timeout') = '0' then
    perform set_config('idle_in_transaction_session_timeout', '10s', true);
  end if;
  return query
    select b.build_id, b.name, b.version, b.definition, b.schema_name, b.position
      from eventchain.projections p
      join eventchain.projection_builds b on b.build_id = p.live_build
      left join eventchain.handlers h on h.ledger_id = p.ledger_id and h.handler = p.name
     where p.ledger_id = ledger and p.name = any (names)
       and b.mode = 'inline' and b.reason is null and coalesce(h.enabled, true)
       and b.position = at_position
       and b.hash = (
         select e.hash from eventchain.events e where e.ledger_id = b.ledger_id and e.position = b.position
         union all
         select l.genesis_hash from eventchain.ledgers l where l.ledger_id = b.ledger_id and b.position = 0)
     order by b.build_id
       for no key update of b skip locked;
end
$function$
;
grant execute on function take_inline_builds to eventchain_handler;
grant execute on function take_inline_builds to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.take_snapshot(ledger bigint, branch_name text, of_name text, at_position bigint, at_version bigint, schema_version integer, state_text text, state_salt bytea, event_id uuid, event_salt bytea, event_metadata text, event_meta_salt bytea)
 RETURNS TABLE(outcome text, event_position bigint, state_hash bytea, taken_at_micros bigint, code text, message text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '10s'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
declare
  problem text;
  found_event record;
  appended record;
begin
  problem := case
    when num_nulls(branch_name, of_name, at_position, schema_version, state_text, state_salt) > 0
      then 'invalid-argument|a part of a snapshot is missing'
    when octet_length(branch_name) not between 1 and 500 then 'invalid-name|a branch has 1 to 500 bytes of UTF-8'
    when octet_length(of_name) not between 1 and 512
      then 'invalid-name|what a snapshot is of has a name of 1 to 512 bytes of UTF-8'
    when schema_version < 1 then 'invalid-argument|a schema version is at least 1'
    when at_position < 1 or at_version not between 1 and at_position
      then 'invalid-argument|a snapshot is of a position and a version from 1 on'
    when octet_length(state_salt) <> 32 then 'invalid-argument|the salt of a state has 32 bytes'
    when octet_length(state_text) > 16777216 then 'too-large|a state has at most 16,777,216 bytes'
    when state_text is not json with unique keys then 'invalid-json|a state is JSON with unique keys'
  end;
  if problem is null and octet_length(state_text) - octet_length(translate(state_text, '[{', '')) > 1000
     and jsonb_path_exists(state_text::jsonb, 'strict $.**{1000 to last} ? (@.type() == "object" || @.type() == "array")')
  then
    problem := 'too-large|a state is nested deeper than 1,000 levels';
  end if;

  -- Once without the lock, and once under it: racers of one snapshot come to one event.
  for round in 1 .. 2 loop
    exit when problem is not null;
    select s.event_position, eventchain.state_hash(s.salt, s.state::text) as hash,
           (extract(epoch from s.taken_at) * 1000000)::bigint as micros
      into found_event
      from eventchain.snapshots s
     where s.ledger_id = ledger and s.branch = branch_name and s.position = at_position and s.schema = schema_version;
    if found_event.event_position is not null then
      outcome := 'known';
      event_position := found_event.event_position;
      state_hash := found_event.hash;
      taken_at_micros := found_event.micros;
      return next;
      return;
    end if;
    if current_setting('idle_in_transaction_session_timeout') = '0' then
      perform set_config('idle_in_transaction_session_timeout', '10s', true);
    end if;
    perform from eventchain.ledgers l where round = 1 and l.ledger_id = ledger for no key update;
  end loop;

  if problem is null and at_version is not null and not exists (
    select from (
      select e.position from eventchain.events e
       where e.ledger_id = ledger and e.stream = of_name and e.version between at_version and at_version
       order by e.version limit 1
    ) e where e.position = at_position
  ) then
    problem := 'invalid-argument|the stream has not this version at this position';
  end if;
  if problem is null and at_version is null and not exists (
    select from eventchain.events e
     where e.ledger_id = ledger and e.position between at_position and at_position order by e.position limit 1
  ) then
    problem := 'invalid-argument|the position is past the head of the ledger';
  end if;

  if problem is null then
    state_hash := eventchain.state_hash(state_salt, state_text);
    select a.* into appended from eventchain.append_system_event(
      ledger, '$snapshot/' || branch_name, '$SnapshotTaken',
      '{"branch":' || to_json(branch_name)::text || ',"of":' || to_json(of_name)::text
        || ',"position":"' || at_position || '","schema":' || schema_version
        || ',"stateHash":"' || encode(state_hash, 'hex') || '"'
        || coalesce(',"version":"' || at_version || '"', '') || '}',
      event_id, event_salt, event_metadata, event_meta_salt) a;
    problem := appended.problem;
  end if;
  if problem is not null then
    if exists (select from eventchain.ledgers l where l.ledger_id = ledger) then
      outcome := 'refused';
      state_hash := null;
      code := split_part(problem, '|', 1);
      message := substr(problem, length(code) + 2);
      return next;
    end if;
    return;
  end if;
  if appended.position is null then
    return;
  end if;
  insert into eventchain.snapshots (ledger_id, branch, position, schema, of, version, state, salt, event_position, taken_at)
    values (ledger, branch_name, at_position, schema_version, of_name, at_version, state_text::json, state_salt,
      appended.position, appended.recorded_at);
  outcome := 'taken';
  event_position := appended.position;
  taken_at_micros := (extract(epoch from appended.recorded_at) * 1000000)::bigint;
  return next;
end
$function$
;
grant execute on function take_snapshot to eventchain_handler;
grant execute on function take_snapshot to eventchain_writer;

CREATE OR REPLACE FUNCTION eventchain.version_at(ledger bigint, name text, upto bigint, at_least bigint)
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION eventchain.ways_of(item jsonb, checks jsonb)
 RETURNS jsonb[]
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
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
$function$
;
