import type { LedgerError } from "@eventchain/core";
import type { BuildTransaction, EventPage, ListedBuild, PageEvent, ProjectionStore } from "@eventchain/store";
import { applyEvents, HandlerFailure } from "./apply-events.ts";
import { projectionQuery } from "./read-projected.ts";
import { FORKED } from "./reason-of.ts";
import type { Projection } from "./types.ts";

/** What a projection's engine works with: one ledger of a database. */
export interface ProjectionDeps {
  readonly ledgerId: bigint;
  readonly projections: ProjectionStore;
  /** The batch at hand is the last once it is aborted. Default: never. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each batch how far it has come, and how far it may come by now. */
  readonly onProgress?: ((position: bigint, bound: bigint) => void) | undefined;
}

/** What became of one round over a build. */
export type Advance =
  /** It came to `position`; `bound` is as far as it might come by then, at its level. `events`: so many were applied. */
  | { readonly kind: "moved"; readonly position: bigint; readonly bound: bigint; readonly events: number }
  /** It does not go on before somebody clears the reason. */
  | { readonly kind: "stopped"; readonly reason: string }
  /** Another process has it, or has moved it, or it is gone. */
  | { readonly kind: "busy" };

/** A build as it was last seen. */
export type SeenBuild = Pick<ListedBuild, "buildId" | "mode" | "state" | "position" | "reason"> &
  Partial<Pick<ListedBuild, "forked" | "putOff" | "waitMs">>;

type Hindrance = Exclude<Advance, { kind: "moved" }>;

/** Batches of one round, after which others have their turn. */
const BATCHES_PER_ROUND = 16;
/** A batch is one transaction: so many events, and so many bytes of their texts and one event more. */
const BATCH_EVENTS = 8_000;
const BATCH_BYTES = 8 * 1024 * 1024;
/** Where one of so many events is handled, the next ones are not searched for by indexes. */
const DENSE = 4;
/** After so long in its handlers a batch is committed as far as it is, and the next one begins. */
const BATCH_MS = 1_000;
/**
 * So far behind at most, a live inline build is caught up while the ledger is held, so that appends take over: all appends
 * wait for the handlers of so many events.
 */
const CLOSING_EVENTS = 200n;

/**
 * Advances a build through the events that its projection handles, for one round: so many batches, or until nothing more
 * is to be read. The next batch's events are read while this one is handled.
 *
 * Each batch is one transaction, which is the only durable step:
 * 1. the commit: rows of the tables, dead letters, and the position with its hash. A restart before it finds nothing of the
 *    batch, after it all; whoever comes next goes on from the position.
 *
 * A batch ends after about a second of its handlers, or once the signal is aborted. One that fails is rolled back and made
 * again in parts, until the event that fails comes first or stands alone: what comes before it is committed, and then the
 * build stops before it, or the event goes to the dead letters.
 *
 * Errors: LedgerError `database-…`, `timeout`: the database's own, to be tried again later.
 */
export async function advanceBuild(deps: ProjectionDeps, build: SeenBuild, projection: Projection): Promise<Advance> {
  if (build.reason !== null) return { kind: "stopped", reason: build.reason };
  if (build.forked === true) return stopForked(deps, build.buildId, build.position);
  const read = readerOf(deps, projection);
  let position = build.position;
  let bound = position;
  let count = 0;
  let most = BATCH_EVENTS;
  let page = await read(position);
  let ahead: Promise<EventPage> | undefined;
  for (let batch = 1; batch <= BATCHES_PER_ROUND; batch += 1) {
    bound = page.bound;
    if (bound < position) return stopForked(deps, build.buildId, position);
    if (page.through <= position) break;
    if (isClosing(build, position, page)) {
      const closed = await closeGap(deps, build, projection, position);
      return closed.kind === "moved" ? { ...closed, events: count + closed.events } : closed;
    }
    if (page.through < bound && batch < BATCHES_PER_ROUND) ahead ??= read(page.through);
    ahead?.catch(() => undefined);
    const begunMs = performance.now();
    const outcome = await applyPage(deps, build.buildId, projection, { after: position, ...firstOf(page, most) });
    if (outcome.kind !== "applied") return outcome;
    position = outcome.through;
    const left = page.events.filter((event) => event.position > position);
    most = sizeAfter(page.events.length - left.length, most, performance.now() - begunMs);
    count += page.events.length - left.length;
    deps.onProgress?.(position, bound);
    if (deps.signal?.aborted === true) break;
    if (position < page.through) page = { ...page, events: left };
    else if (ahead === undefined) break;
    else {
      page = await ahead;
      ahead = undefined;
    }
  }
  return { kind: "moved", position, bound, events: count };
}

/** A page's first events, so many at most, and how far they go. */
function firstOf({ events, through }: EventPage, most: number): Pick<EventPage, "events" | "through"> {
  const first = events.slice(0, most);
  return { events: first, through: first.length < events.length ? (first.at(-1)?.position ?? through) : through };
}

/** How many events come next: a handler of batches, and a model, end in no middle. */
function sizeAfter(applied: number, most: number, tookMs: number): number {
  if (tookMs < BATCH_MS) return Math.min(most * 2, BATCH_EVENTS);
  return Math.max(1, Math.floor((applied * BATCH_MS) / tookMs));
}

/** Whether a batch that begins now is to end: after its time, or where nobody wants more. */
function batchClock({ signal }: ProjectionDeps): () => boolean {
  const begunMs = performance.now();
  return () => signal?.aborted === true || performance.now() - begunMs >= BATCH_MS;
}

/** For a ledger that ends before a build's position, or has another event there: it has lost what was applied. */
function stopForked(deps: ProjectionDeps, buildId: bigint, position: bigint): Promise<Advance> {
  // Where the events are there after all, they came since the ledger was read.
  return inBuild<Advance>(deps, buildId, position, async () => ({ kind: "busy" }));
}

function readerOf(
  { ledgerId, projections }: ProjectionDeps,
  { level, events, where }: Projection,
): (after: bigint) => Promise<EventPage> {
  const query = projectionQuery({ events, where });
  const request = { level, query, limit: BATCH_EVENTS, maxBytes: BATCH_BYTES };
  let isDense = false;
  return async (after) => {
    const page = await projections.page(ledgerId, { ...request, after, isDense });
    isDense = page.events.length * DENSE >= page.through - after;
    return page;
  };
}

/** Events of a build, the position that they follow, and the one to move to once they are applied. */
interface Batch {
  readonly after: bigint;
  readonly events: readonly PageEvent[];
  readonly through: bigint;
}

/** How far a batch came that nothing hindered: at least one event. */
interface Applied {
  readonly kind: "applied";
  readonly through: bigint;
}

/** Applies a batch, in parts where it has to be, or what of it there is time for. */
async function applyPage(
  deps: ProjectionDeps,
  buildId: bigint,
  projection: Projection,
  batch: Batch,
): Promise<Applied | Hindrance> {
  const { events, after, through } = batch;
  const isLate = batchClock(deps);
  try {
    return await inBuild<Applied>(deps, buildId, after, async (transaction) => {
      const last = await applyEvents(transaction, projection, events, batchClock(deps));
      await transaction.move(last ?? through);
      return { kind: "applied", through: last ?? through };
    });
  } catch (error) {
    if (!(error instanceof HandlerFailure)) throw error;
    const [event] = events;
    if (event === undefined) throw error;
    const cut = cutBefore(events, error);
    const middle = events[cut - 1]?.position ?? after;
    const isAlone = events.length === 1;
    const isCulprit = isAlone || error.values.position === event.position;
    const part = { after, events: events.slice(0, cut), through: isAlone ? through : middle };
    const first = isCulprit
      ? await settleFailure(deps, buildId, projection, { ...part, event, failure: error })
      : await applyPage(deps, buildId, projection, part);
    if (isAlone) return first;
    if (first.kind !== "applied" || first.through < middle || isLate()) return first;
    return applyPage(deps, buildId, projection, { after: middle, events: events.slice(cut), through });
  }
}

/** Before the event that failed, where the failure names it; else in the middle. From 1 to one less than all. */
function cutBefore(events: readonly PageEvent[], { values }: LedgerError): number {
  const at = events.findIndex(({ position }) => position === values.position);
  return at > 0 ? at : at === 0 ? 1 : Math.ceil(events.length / 2);
}

/** Stops a build before an event that failed alone, or sets the event aside. */
function settleFailure(
  deps: ProjectionDeps,
  buildId: bigint,
  { onError }: Projection,
  { after, event, through, failure }: Batch & { event: PageEvent; failure: LedgerError },
): Promise<Applied | Hindrance> {
  return inBuild<Applied | Hindrance>(deps, buildId, after, async (transaction) => {
    if (onError === "dead-letter") {
      await transaction.addDeadLetter(event, failure.message);
      await transaction.move(through);
      return { kind: "applied", through };
    }
    if (event.position > 1n) await transaction.move(event.position - 1n);
    await transaction.stop(failure.message);
    return { kind: "stopped", reason: failure.message };
  });
}

/** Runs work in a transaction that has the build where it was last seen. */
async function inBuild<T>(
  { projections }: ProjectionDeps,
  buildId: bigint,
  after: bigint,
  work: (transaction: BuildTransaction) => Promise<T>,
  options?: { holdLedger: bigint },
): Promise<T | Hindrance> {
  type Found = { readonly done: T | Hindrance };
  const found = await projections.transact<Found>(
    buildId,
    async (transaction) => {
      const { build, forked } = transaction;
      if (build.reason !== null) return { done: { kind: "stopped", reason: build.reason } };
      if (build.position !== after) return { done: { kind: "busy" } };
      if (forked) {
        await transaction.stop(FORKED);
        return { done: { kind: "stopped", reason: FORKED } };
      }
      return { done: await work(transaction) };
    },
    options,
  );
  return found === undefined ? { kind: "busy" } : found.done;
}

function isClosing({ mode, state }: SeenBuild, position: bigint, { bound }: EventPage): boolean {
  return mode === "inline" && state === "live" && bound - position <= CLOSING_EVENTS;
}

/**
 * Catches a live inline build up while the ledger is held: from its commit on the next append finds it at the head.
 */
async function closeGap(
  deps: ProjectionDeps,
  build: SeenBuild,
  projection: Projection,
  after: bigint,
): Promise<Advance> {
  try {
    return await inBuild<Advance>(
      deps,
      build.buildId,
      after,
      async (transaction) => {
        const { position, events } = await catchUpBuild(transaction, projection);
        return { kind: "moved", position, bound: position, events };
      },
      { holdLedger: deps.ledgerId },
    );
  } catch (error) {
    if (!(error instanceof HandlerFailure)) throw error;
    // Which event it is, and what becomes of it, is found out while appends go on.
    const page = await readerOf(deps, projection)(after);
    const { bound, events } = page;
    const outcome = await applyPage(deps, build.buildId, projection, { after, ...page });
    if (outcome.kind !== "applied") return outcome;
    const applied = events.filter(({ position }) => position <= outcome.through).length;
    return { kind: "moved", position: outcome.through, bound, events: applied };
  }
}

/**
 * Applies what is still to be read in a transaction that has the build, and moves it: for what must find it caught up, as a
 * swap. Under the ledger's lock nothing comes after.
 * Errors: HandlerFailure; the transaction is to be rolled back.
 */
export async function catchUpBuild(
  transaction: BuildTransaction,
  projection: Projection,
): Promise<{ position: bigint; bound: bigint; events: number }> {
  const query = projectionQuery(projection);
  const { level } = projection;
  let position = transaction.build.position;
  let count = 0;
  for (;;) {
    const request = { after: position, level, query, limit: BATCH_EVENTS, maxBytes: BATCH_BYTES };
    const { events, through, bound } = await transaction.page(request);
    await applyEvents(transaction, projection, events);
    await transaction.move(through);
    count += events.length;
    position = through;
    if (through >= bound) return { position, bound, events: count };
  }
}
