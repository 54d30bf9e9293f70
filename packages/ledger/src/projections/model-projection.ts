import { canonicalJson, LedgerError } from "@eventchain/core";
import { freezeDeep } from "../events/freeze-deep.ts";
import { projectionFailed } from "./projection-failed.ts";
import type { ProjectedEvent, Projection, ProjectionDb } from "./types.ts";

type ModelPart = NonNullable<Projection["model"]>;

/** SQL that makes a model's table. `table` is a plain name: it was checked. */
export function modelSchema({ model, table }: ModelPart, description: string | undefined): string {
  const what = description ?? model.description ?? `States of the model ${model.name}`;
  const text = (comment: string): string => `'${comment.replaceAll("'", "''")}'`;
  return `create table "${table}" (
  key text collate "C" primary key,
  state json not null,
  position bigint not null,
  version bigint not null,
  updated_at timestamptz not null
);
comment on table "${table}" is ${text(what)};
comment on column "${table}".key is ${text("Which entity it is the state of; empty where there is one only.")};
comment on column "${table}".state is ${text(`The state of the model ${model.name}, version ${model.version}: canonical JSON.`)};
comment on column "${table}".position is ${text("The last event in it: its position in the ledger.")};
comment on column "${table}".version is ${text("The version that event has in its stream.")};
comment on column "${table}".updated_at is ${text("When that event was recorded.")};
`;
}

interface Row {
  state: unknown;
  last: ProjectedEvent | undefined;
}

/**
 * Applies events to a model's rows: one statement loads those of their keys, one writes them back, and the fold between
 * them is in memory.
 * Errors: LedgerError `projection-failed`.
 */
export async function applyModel(
  name: string,
  part: ModelPart,
  events: readonly ProjectedEvent[],
  db: ProjectionDb,
): Promise<void> {
  const { model, key, table } = part;
  const keys: (string | undefined)[] = [];
  for (const event of events) keys.push(keyOf(name, key, event));
  const rows = await loadRows(db, table, keys);
  for (let index = 0; index < events.length; index++) {
    const [event, at] = [events[index], keys[index]];
    if (event === undefined || at === undefined) continue;
    let row = rows.get(at);
    try {
      if (row === undefined) {
        row = { state: model.initial(), last: undefined };
        rows.set(at, row);
      }
      row.state = model.apply(row.state, event);
    } catch (cause) {
      throw projectionFailed(name, cause, event);
    }
    row.last = event;
  }
  await saveRows(name, db, table, rows);
}

function keyOf(name: string, key: ModelPart["key"], event: ProjectedEvent): string | undefined {
  try {
    const given: unknown = key(event);
    if (given === undefined) return undefined;
    if (typeof given === "string" && given.isWellFormed() && !given.includes("\0")) return given;
    throw new LedgerError("invalid-value", "its key is neither a text that Postgres can keep nor undefined");
  } catch (cause) {
    throw projectionFailed(name, cause, event);
  }
}

async function loadRows(
  db: ProjectionDb,
  table: string,
  keys: readonly (string | undefined)[],
): Promise<Map<string, Row>> {
  const wanted = [...new Set(keys)].filter((key) => key !== undefined);
  if (wanted.length === 0) return new Map();
  const found = await db.query<{ key: string; state: unknown }>(
    `select key, state from "${table}" where key = any ($1::text[])`,
    [wanted],
  );
  return new Map(found.map(({ key, state }) => [key, { state: freezeDeep(state), last: undefined }]));
}

async function saveRows(name: string, db: ProjectionDb, table: string, rows: ReadonlyMap<string, Row>): Promise<void> {
  const keys: string[] = [];
  const states: string[] = [];
  const lasts: ProjectedEvent[] = [];
  for (const [key, { state, last }] of rows) {
    if (last === undefined) continue;
    keys.push(key);
    states.push(stateText(name, state, last));
    lasts.push(last);
  }
  if (keys.length === 0) return;
  await db.query(
    `insert into "${table}" as t (key, state, position, version, updated_at)
     select u.key, u.state::json, u.position, u.version, timestamptz 'epoch' + u.micros * interval '1 microsecond'
     from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) u (key, state, position, version, micros)
     on conflict (key) do update
     set state = excluded.state, position = excluded.position, version = excluded.version, updated_at = excluded.updated_at`,
    [
      keys,
      states,
      lasts.map(({ position }) => position),
      lasts.map(({ version }) => version),
      lasts.map(({ recordedAtMicros }) => recordedAtMicros),
    ],
  );
}

/** Canonical, so that rows of the same events are the same bytes. A state that is no JSON is the last event's failure. */
function stateText(name: string, state: unknown, last: ProjectedEvent): string {
  try {
    return canonicalJson(state);
  } catch (cause) {
    throw projectionFailed(name, cause, last);
  }
}
