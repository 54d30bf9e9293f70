import { LedgerError, MAX_INT63 } from "@eventchain/core";
import type { QueryItem, StoredEvent } from "@eventchain/store";
import { checkKeys } from "../check-keys.ts";
import { contextQuery } from "../commands/context-query.ts";
import type { Context } from "../commands/types.ts";
import { folder } from "../models/fold-events.ts";
import type { Model } from "../models/types.ts";
import { parseInstant } from "../parse-instant.ts";
import type { ReadDeps } from "../read-events.ts";
import { branchOfContext } from "./branches.ts";
import { findStarts, type Start } from "./find-starts.ts";
import type { At, StateAt, StateOptions } from "./types.ts";
import type { SnapshotUse } from "./use.ts";

export interface StateDeps extends ReadDeps<"readStream" | "readAll"> {
  /** Undefined: states are made of events alone. */
  readonly use: SnapshotUse | undefined;
}

type EventDeps = Pick<StateDeps, "store" | "ledgerId" | "scope">;

/** What is read, up to where. `last`: the newest event that may be part of it. */
interface Bound {
  readonly last: bigint;
  readonly version: bigint | undefined;
}

/**
 * A model's state of a context at a point.
 * Errors: LedgerError `not-found` for a position or version that is not there, `invalid-argument`, and those of `readState`.
 */
export async function readStateAt<State>(
  deps: StateDeps,
  model: Model<State>,
  where: Context,
  { at, snapshots = true }: StateOptions,
): Promise<StateAt<State>> {
  if (at !== undefined && "version" in at && Object.keys(at).length === 1)
    return readVersion(deps, model, streamOf(where), bigintOf("version", at.version), snapshots);
  const bound = await boundOf(deps, where, at);
  const start = snapshots ? await startFor(deps, model, where, bound) : undefined;
  const query = contextQuery(where, model);
  const fold = folder(model);
  let state = start === undefined ? model.initial() : (start.state as State);
  let version = where.kind === "stream" ? (start?.version ?? 0n) : undefined;
  for await (const event of eventsUpTo(deps, query, start?.position ?? 0n, bound.last)) {
    state = fold(state, event);
    if (version !== undefined) version = event.version;
  }
  return { state, position: bound.last, version };
}

/** A stream's state at a version: of the events between a snapshot and it, and no read where there are none. */
async function readVersion<State>(
  deps: StateDeps,
  model: Model<State>,
  stream: string,
  wanted: bigint,
  snapshots: boolean,
): Promise<StateAt<State>> {
  const start = snapshots ? await startFor(deps, model, { kind: "stream", stream }, { version: wanted }) : undefined;
  const fold = folder(model);
  let state = start === undefined ? model.initial() : (start.state as State);
  let { position, version = 0n } = start ?? { position: 0n, version: 0n };
  const between = wanted - version;
  const limit = between > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(between);
  const options = { after: version, limit, ...deps.scope };
  for await (const event of limit === 0 ? nothing() : deps.store.readStream(deps.ledgerId, stream, options)) {
    // Where events are hidden, those that are seen have gaps between their versions.
    if (event.version > wanted) break;
    state = fold(state, event);
    ({ position, version } = event);
  }
  if (version !== wanted) throw noVersion(stream, wanted);
  return { state, position, version };
}

function streamOf(where: Context): string {
  if (where.kind === "stream") return where.stream;
  throw new LedgerError("invalid-argument", "a query has no versions: give a position or a time");
}

function noVersion(stream: string, version: bigint): LedgerError {
  return new LedgerError("not-found", `stream ${JSON.stringify(stream)} has no version ${version}`, {
    values: { stream, version },
  });
}

/** The events of a query past one position, up to another. */
export function eventsUpTo(
  { store, ledgerId, scope }: EventDeps,
  query: readonly QueryItem[],
  after: bigint,
  last: bigint,
): AsyncIterable<StoredEvent> {
  return after >= last ? nothing() : store.readAll(ledgerId, { query, after, to: last, ...scope });
}

async function* nothing(): AsyncGenerator<StoredEvent> {}

/** Where the reading of a context may start: undefined where there is no snapshot that could be used. */
export async function startFor(
  { use, scope }: Pick<StateDeps, "use" | "scope">,
  model: Model<unknown>,
  where: Context,
  bound: Partial<Bound>,
): Promise<Start | undefined> {
  // A snapshot holds what the actor may not see.
  if (use === undefined || (scope.access !== undefined && scope.access !== "all")) return undefined;
  const branch = branchOfContext(use.rules, model, where);
  if (branch === undefined) return undefined;
  const { last: upToPosition, version: upToVersion } = bound;
  const [start] = await findStarts(use, [
    {
      branch,
      ...(upToPosition === undefined ? {} : { upToPosition }),
      ...(upToVersion === undefined ? {} : { upToVersion }),
    },
  ]);
  return start;
}

/** Up to where a point in time leads. Errors: LedgerError `not-found`, `invalid-argument`. */
export async function boundOf(deps: EventDeps, where: Context, at: At | undefined): Promise<Bound> {
  if (at === undefined) return { last: await newestUpTo(deps, undefined), version: undefined };
  checkKeys(at, ["version", "position", "time"], "at");
  if (Object.keys(at).length !== 1)
    throw new LedgerError("invalid-argument", "at names one of version, position and time: give exactly one");
  if ("time" in at) return { last: await newestUpTo(deps, microsOf(at.time)), version: undefined };
  if ("version" in at) return boundOfVersion(deps, where, bigintOf("version", at.version));
  const last = bigintOf("position", at.position);
  const newest = await newestUpTo(deps, undefined);
  if (last > newest)
    throw new LedgerError("not-found", `there is no position ${last}: the newest event stands at ${newest}`, {
      values: { position: last, newest },
    });
  return { last, version: undefined };
}

async function boundOfVersion({ store, ledgerId, scope }: EventDeps, where: Context, version: bigint): Promise<Bound> {
  const stream = streamOf(where);
  if (version === 0n) return { last: 0n, version };
  const options = { after: version - 1n, limit: 1, ...scope };
  for await (const event of store.readStream(ledgerId, stream, options))
    if (event.version === version) return { last: event.position, version };
  throw noVersion(stream, version);
}

/** The newest position that may be seen, recorded up to a time (inclusive); 0 where there is none. */
async function newestUpTo({ store, ledgerId, scope }: EventDeps, micros: bigint | undefined): Promise<bigint> {
  const filter = micros === undefined ? {} : { filter: { recordedToMicros: micros + 1n } };
  for await (const { position } of store.readAll(ledgerId, { backwards: true, limit: 1, ...filter, ...scope }))
    return position;
  return 0n;
}

function microsOf(time: unknown): bigint {
  if (time instanceof Date) {
    if (Number.isNaN(time.getTime())) throw new LedgerError("invalid-argument", "at.time is no time: an invalid Date");
    return BigInt(time.getTime()) * 1000n;
  }
  if (typeof time === "string") return parseInstant(time, "at.time").micros;
  throw new LedgerError("invalid-argument", "at.time is neither a Date nor a text like 2026-01-31T09:30:00Z");
}

function bigintOf(what: string, value: unknown): bigint {
  const whole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
  const found = whole ? BigInt(value as bigint | number) : -1n;
  if (found >= 0n && found <= MAX_INT63) return found;
  throw new LedgerError(
    "invalid-argument",
    `at.${what} is ${String(value)}: give a bigint, or a safe integer, from 0`,
    {
      values: { [what]: String(value) },
    },
  );
}
