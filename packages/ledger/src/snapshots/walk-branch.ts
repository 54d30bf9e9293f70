import type { StoredEvent } from "@eventchain/store";
import { decodeEvent } from "../decode-event.ts";
import { folder } from "../models/fold-events.ts";
import type { ModelEvent } from "../models/types.ts";
import type { Branch } from "./branches.ts";
import { findStarts, type Start } from "./find-starts.ts";
import { type BranchState, type TakeDeps, takeSnapshot } from "./take-snapshot.ts";
import type { ModelSnapshotRule } from "./types.ts";

/** Which part of a branch is walked. */
export interface WalkBounds {
  /** A predicate is asked for events past it; it was asked for those before. */
  readonly since: bigint;
  /** The last position that is read. */
  readonly upTo: bigint;
  /** Microseconds: what is due by now though no event says so. Left out: events alone say what is due. */
  readonly nowMicros?: bigint | undefined;
  /** Its newest usable snapshot up to there, where that is known; `start` undefined: there is none. */
  readonly from?: { readonly start: Start | undefined } | undefined;
}

/** How a branch stands after a walk. */
export interface Walked {
  /** How many snapshots were taken. */
  readonly taken: number;
  /** The last event read, where there is any. */
  readonly position: bigint | undefined;
  readonly version: bigint | undefined;
  /** Since when there are events that no snapshot has: microseconds. Undefined where there are none. */
  readonly waitingSinceMicros: bigint | undefined;
}

/**
 * Reads a branch from its newest usable snapshot on and takes the snapshots that its rule asks for, in their order: each at
 * the event that made it due. The same walk again, whatever became of the first, finds them taken.
 * Errors: those of the model, of the rule's function, of `takeSnapshot`, of the store.
 */
export async function walkBranch(
  deps: TakeDeps,
  rule: ModelSnapshotRule,
  branch: Branch,
  { since, upTo, nowMicros, from }: WalkBounds,
): Promise<Walked> {
  const start = from === undefined ? (await findStarts(deps, [{ branch, upToPosition: upTo }]))[0] : from.start;
  const due = dueBy(rule, since, start?.takenAtMicros);
  const fold = folder(branch.model);
  let at: BranchState | undefined;
  let state = start === undefined ? branch.model.initial() : start.state;
  let taken = 0;
  const take = async (point: BranchState): Promise<void> => {
    await takeSnapshot(deps, branch, point);
    taken += 1;
  };
  for await (const event of eventsOf(deps, branch, start, upTo)) {
    state = fold(state, event);
    // The ledger's own events make nothing due.
    if (event.type.startsWith("$")) continue;
    at = { state, position: event.position, version: branch.stream === undefined ? undefined : event.version };
    if (due.asks(event, state)) await take(at);
  }
  if (at !== undefined && nowMicros !== undefined && due.isOverdue(nowMicros)) await take(at);
  return {
    taken,
    position: at?.position ?? start?.position,
    version: at?.version ?? start?.version,
    waitingSinceMicros: due.waitingSinceMicros(),
  };
}

/** The events of a branch past a snapshot, up to a position. */
async function* eventsOf(
  { store, ledgerId }: TakeDeps,
  { stream, query }: Branch,
  start: Start | undefined,
  upTo: bigint,
): AsyncGenerator<StoredEvent> {
  const after = start?.position ?? 0n;
  if (after >= upTo) return;
  if (stream === undefined) {
    yield* store.readAll(ledgerId, { query, after, to: upTo });
    return;
  }
  for await (const event of store.readStream(ledgerId, stream, { after: start?.version ?? 0n })) {
    if (event.position > upTo) return;
    yield event;
  }
}

/** What a rule says while events pass. */
interface Due {
  /** Whether a snapshot is due after this event. */
  asks(event: StoredEvent, state: unknown): boolean;
  /** Whether one is due by now of what has passed: the last event is not in one, and it is time. */
  isOverdue(nowMicros: bigint): boolean;
  /** What the interval is counted from, where events have passed that no snapshot has. */
  waitingSinceMicros(): bigint | undefined;
}

function dueBy({ every, model }: ModelSnapshotRule, since: bigint, lastMicros: bigint | undefined): Due {
  let from = lastMicros;
  let count = 0;
  const asksOne = (event: StoredEvent, state: unknown): boolean => {
    if (typeof every === "number") return count >= every;
    if (typeof every === "object") return event.recordedAtMicros - (from ?? 0n) >= BigInt(every.ms) * 1000n;
    return event.position > since && every(modelEvent(model, event), state) === true;
  };
  return {
    asks(event, state) {
      count += 1;
      from ??= event.recordedAtMicros;
      if (!asksOne(event, state)) return false;
      count = 0;
      from = event.recordedAtMicros;
      return true;
    },
    isOverdue(nowMicros) {
      const overdue = typeof every === "object" && count > 0 && nowMicros - (from ?? 0n) >= BigInt(every.ms) * 1000n;
      if (overdue) count = 0;
      return overdue;
    },
    waitingSinceMicros: () => (count > 0 ? from : undefined),
  };
}

/** An event as the model's handlers get it; its data as it is stored where the model does not handle its type. */
function modelEvent(model: ModelSnapshotRule["model"], event: StoredEvent): ModelEvent {
  const decoded = decodeEvent(event);
  const definition = model.events.find(({ type }) => type === event.type);
  const { type, id, stream, tags, metadata, recordedAtMicros, data: stored } = decoded;
  const data: unknown = definition === undefined ? stored : definition.read(decoded);
  return { type, id, stream, tags, metadata, recordedAtMicros, data };
}
