import { bytesToHex, equalBytes, LedgerError } from "@eventchain/core";
import { type AccessScope, type EventStore, untilAborted } from "@eventchain/store";
import { decodeEvent } from "../decode-event.ts";
import type { LedgerEvent } from "../types.ts";
import { awaitReach, type Place, type Reach, type ReachDeps } from "./await-reach.ts";
import type { SubscriptionPlan } from "./check-subscription.ts";
import type { Lag } from "./watch-lag.ts";

export type { Place } from "./await-reach.ts";

export interface FollowDeps extends ReachDeps {
  ledgerId: bigint;
  store: Pick<EventStore, "readAll" | "hashAt">;
  scope: AccessScope;
}

/** What of a subscription its events are read by. */
export interface Following {
  plan: Pick<SubscriptionPlan, "selection" | "level" | "readAhead">;
  /** Finds where to begin; asked again where that failed in a way that may pass. */
  begin: () => Promise<Place>;
  /** Whether a failure that may pass is thrown all the same, since what would come after it is not what was asked for. */
  isFinal: (error: LedgerError) => boolean;
  /** Told of each look, each event before it is given, and the end of each range. */
  lag: Pick<Lag, "looked" | "giving" | "ended">;
  signal: AbortSignal;
}

/** The pauses after failures that may pass: the first one, and the longest. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

/**
 * The events past a place, then those that come: each once, in order. Positions are without a gap and in commit order, so
 * that what is past a place up to a reach is all there when it is asked for. Where the database is away it goes on from where
 * it was.
 * Errors: LedgerError `forked` where the event that it stands at is not in the history any more; `aborted`; and those of the
 * database that cannot pass, or are final.
 */
export async function* followEvents(
  deps: FollowDeps,
  { plan, begin, isFinal, lag, signal }: Following,
): AsyncGenerator<LedgerEvent, void, undefined> {
  const isWhole = readsAll(plan, deps.scope);
  let place: Place | undefined;
  let before = 0n;
  let failures = 0;
  for (;;) {
    try {
      place ??= await untilAborted(begin(), signal);
      const reach = await awaitReach(deps, plan.level, { place, before, signal, onLook: lag.looked });
      before = reach.position;
      if (reach.position <= place.position || !isWhole) await expectThere(deps, place, signal);
      if (reach.position <= place.position) continue;
      const end = await endOf(deps, reach, isWhole, signal);
      for await (const event of readRange(deps, plan, { place, reach, signal })) {
        if (event.position === place.position + 1n) expectSame(place, event.prevHash);
        place = event;
        failures = 0;
        lag.giving(reach.position - event.position);
        yield decodeEvent(event);
      }
      // A whole range ends with the event at its end: where that did not come, a reader that lags behind was asked.
      if (end !== undefined) place = end;
      lag.ended(reach.position - place.position);
      failures = 0;
    } catch (error) {
      if (!(error instanceof LedgerError && error.retryable) || isFinal(error)) throw error;
      await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, MAX_PAUSE_MS), signal);
      failures += 1;
    }
  }
}

/** Whether it reads every event, so that each one's hash before tells whether it follows the last one. */
export function readsAll(
  { selection }: Pick<SubscriptionPlan, "selection">,
  { access = "all", rowSecurity = false }: AccessScope,
): boolean {
  return selection.filter === undefined && selection.query === undefined && access === "all" && !rowSecurity;
}

function readRange(
  { store, ledgerId, scope }: FollowDeps,
  { selection, readAhead }: Following["plan"],
  { place, reach, signal }: { place: Place; reach: Reach; signal: AbortSignal },
): ReturnType<EventStore["readAll"]> {
  // The page that is handled and the one that is read meanwhile: together no more than may be read ahead, and the event.
  const batchSize = Math.floor((readAhead + 1) / 2);
  const behind = reach.position - place.position;
  return store.readAll(ledgerId, {
    ...selection,
    ...scope,
    after: place.position,
    to: reach.position,
    // No range has more events than positions: a page that has them all is the last one.
    limit: Number(behind),
    batchSize,
    // What has come since is fetched at once; of a long way the first events come soon.
    ...(behind <= BigInt(batchSize) ? { firstBatchSize: Number(behind) } : {}),
    signal,
  });
}

/** The place at the end of a range that may give less than all; its hash is asked for before the range is read. */
async function endOf(
  { store, ledgerId }: FollowDeps,
  { position, hash }: Reach,
  isWhole: boolean,
  signal: AbortSignal,
): Promise<Place | undefined> {
  if (isWhole) return undefined;
  return { position, hash: hash ?? (await untilAborted(store.hashAt(ledgerId, position), signal)) };
}

/** Errors: LedgerError `forked` where the event at a place is not the one that is known, or is not there. */
export async function expectThere(
  { store, ledgerId }: Pick<FollowDeps, "store" | "ledgerId">,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  if (place.hash === undefined) return;
  expectSame(place, await untilAborted(store.hashAt(ledgerId, place.position), signal));
}

function expectSame({ position, hash }: Place, found: Uint8Array | undefined): void {
  if (hash === undefined || (found !== undefined && equalBytes(found, hash))) return;
  throw new LedgerError(
    "forked",
    `the event that was read at position ${position} is not in the ledger's history: the database was put back to an ` +
      "earlier day, or another one took its place. Undo what came of the events that are gone, then begin from a position",
    { values: { position, hash: bytesToHex(hash) } },
  );
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, delayMs);
  try {
    await untilAborted(promise, signal);
  } finally {
    clearTimeout(timer);
  }
}
