import { LedgerError } from "@eventchain/core";
import type { EventPage, PageEvent, ProjectionStore, ScratchTransaction } from "@eventchain/store";
import { checkKeys } from "../check-keys.ts";
import { diffStates } from "../snapshots/diff-states.ts";
import type { At, StateDiff } from "../snapshots/types.ts";
import { applyEvents, HandlerFailure } from "./apply-events.ts";
import { openProjectionDb } from "./open-projection-db.ts";
import { projectionFailed } from "./projection-failed.ts";
import { projectionQuery } from "./read-projected.ts";
import type { Projection, ProjectionDb } from "./types.ts";

/** A batch of a scratch copy: so many events, and so many bytes of their texts and one event more. */
const BATCH_EVENTS = 2_000;
const BATCH_BYTES = 8 * 1024 * 1024;

export interface ProjectionAtDeps {
  readonly ledgerId: bigint;
  readonly projections: Pick<ProjectionStore, "scratch">;
  /** The newest position of a point in time. Errors: LedgerError `not-found` for one past the head. */
  readonly positionOf: (at: At) => Promise<bigint>;
}

/**
 * What a projection's tables were at a point: fresh tables in a transaction of its own, the events up to there applied,
 * what `read` finds in them, and all rolled back. Costs a replay; the live tables are not touched.
 *
 * Errors: LedgerError `not-found`, `invalid-argument`, `projection-failed` where the tables or a handler fail (under
 * "dead-letter" the event is passed over, as the projection does), and what `read` throws.
 */
export async function projectionAt<T>(
  deps: ProjectionAtDeps,
  projection: Projection,
  at: At,
  read: (db: ProjectionDb) => Promise<T>,
): Promise<T> {
  checkProjection(projection);
  const position = await deps.positionOf(at);
  return onScratch(deps, projection, async (scratch) => {
    await applyUpTo(scratch, projection, 0n, position);
    return readFrom(scratch, read);
  });
}

/**
 * What of a projection differs between two points: of what `read` finds in its tables at each, JSON. By default of its
 * states by key, where it is a model.
 */
export async function diffProjection<T>(
  deps: ProjectionAtDeps,
  projection: Projection,
  between: { readonly from: At; readonly to: At },
  read: ((db: ProjectionDb) => Promise<T>) | undefined,
): Promise<StateDiff<T>> {
  checkProjection(projection);
  checkKeys(between, ["from", "to"], "the points of a projection's difference");
  const [from, to] = [await deps.positionOf(between.from), await deps.positionOf(between.to)];
  const find = read ?? (statesOf(projection) as (db: ProjectionDb) => Promise<T>);
  const [low, high] = from < to ? [from, to] : [to, from];
  const [before, after] = await onScratch(deps, projection, async (scratch) => {
    await applyUpTo(scratch, projection, 0n, low);
    const first = await readFrom(scratch, find);
    await applyUpTo(scratch, projection, low, high);
    const second = await readFrom(scratch, find);
    return from < to ? [first, second] : [second, first];
  });
  return {
    from: { state: before as T, position: from, version: undefined },
    to: { state: after as T, position: to, version: undefined },
    changes: diffStates(before, after),
  };
}

/** Runs work on a projection's tables, of which nothing stays. */
function onScratch<T>(
  { ledgerId, projections }: ProjectionAtDeps,
  { name, schema }: Projection,
  work: (scratch: ScratchTransaction) => Promise<T>,
): Promise<T> {
  return projections.scratch(ledgerId, schema, work).catch((error: unknown) => {
    const isUnnamed = error instanceof LedgerError && error.code === "projection-failed";
    throw isUnnamed ? projectionFailed(name, error, undefined) : error;
  });
}

function checkProjection(projection: Projection): void {
  if (typeof projection !== "object" || projection === null || projection.kind !== "projection")
    throw new LedgerError("invalid-argument", "what is read at a point is a projection, as defineProjection makes it");
}

function statesOf({ name, model }: Projection): (db: ProjectionDb) => Promise<Record<string, unknown>> {
  if (model === undefined)
    throw new LedgerError("invalid-argument", `projection ${name} is no model: say what is to be read of its tables`);
  return async (db) => {
    const rows = await db.query<{ key: string; state: unknown }>(
      `select key, state from "${model.table}" order by key`,
    );
    return Object.fromEntries(rows.map(({ key, state }) => [key, state]));
  };
}

function readFrom<T>({ write }: ScratchTransaction, read: (db: ProjectionDb) => Promise<T>): Promise<T> {
  return write(async (run) => {
    const { db, finish } = openProjectionDb(run);
    const result = await read(db);
    await finish();
    return result;
  });
}

async function applyUpTo(
  scratch: ScratchTransaction,
  projection: Projection,
  after: bigint,
  to: bigint,
): Promise<void> {
  const query = projectionQuery(projection);
  for (let position = after; position < to; ) {
    const page: EventPage = await scratch.page({
      after: position,
      to,
      level: "appended",
      query,
      limit: BATCH_EVENTS,
      maxBytes: BATCH_BYTES,
    });
    await applyPart(scratch, projection, page.events);
    if (page.through <= position) return;
    position = page.through;
  }
}

/** As the engine does, within one transaction: what fails is made again in parts, until the event that fails is alone. */
async function applyPart(
  scratch: ScratchTransaction,
  projection: Projection,
  events: readonly PageEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await scratch.run("savepoint part", []);
  try {
    await applyEvents(scratch, projection, events);
    await scratch.run("release savepoint part", []);
  } catch (error) {
    if (!(error instanceof HandlerFailure) || projection.onError === "stop") throw error;
    await scratch.run("rollback to savepoint part", []);
    await scratch.run("release savepoint part", []);
    if (events.length === 1) return;
    const middle = Math.ceil(events.length / 2);
    await applyPart(scratch, projection, events.slice(0, middle));
    await applyPart(scratch, projection, events.slice(middle));
  }
}
