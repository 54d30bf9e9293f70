import { type Bytes, LedgerError } from "@eventchain/core";
import type { ProjectionStore, SnapshotCursor, SnapshotCursors, SnapshotRound } from "@eventchain/store";
import { projectionQuery } from "../projections/read-projected.ts";
import { isChanged } from "../projections/rebuild-projection.ts";
import { findStarts, type Start } from "./find-starts.ts";
import type { SnapshotOnce } from "./snapshot-once.ts";
import { branchOfProjection, readDigest, takeDigest } from "./snapshot-projection.ts";
import type { TakeDeps } from "./take-snapshot.ts";
import type { ModelProjection, ProjectionSnapshotRule } from "./types.ts";

/** How often the rule's transaction is kept from being ended as idle, while rows are read: there may be millions. */
const TOUCH_MS = 10_000;

export interface SnapshotRowsDeps extends Omit<TakeDeps, "rules"> {
  readonly cursors: SnapshotCursors;
  readonly projections: Pick<ProjectionStore, "list" | "select">;
}

/** How a branch stands: how many events its last snapshot has not, and that snapshot where it is known. */
interface Standing {
  readonly counted: bigint;
  readonly newest: Start | undefined;
}

/**
 * One round of a rule of a projection: counts the events that its live build handled since the branch's last snapshot, and
 * takes one where it is due. A projection that is off, stopped, not built yet, or live in another version or by another
 * definition is not due. Undefined where another process is at it.
 *
 * 1. the snapshot that is due, a commit of its own; a restart after it finds it by its row, and counts from there.
 * 2. the cursor, what was counted and what waits, in one commit; a restart before it does the round again.
 *
 * Errors: those of the store; LedgerError `forked`, `ledger-halted`.
 */
export function snapshotRowsOnce(
  deps: SnapshotRowsDeps,
  rule: ProjectionSnapshotRule,
): Promise<SnapshotOnce | undefined> {
  return deps.cursors.work(deps.ledgerId, rule.name, async (round) => {
    const idle = { more: false, nextAtMs: undefined, taken: 0, problem: undefined };
    const { cursor } = round;
    const upTo = await livePosition(deps, rule.projection);
    if (upTo === undefined || upTo < cursor.position) return idle;
    const counted = cursor.counted + (await countOwn(deps, rule.projection, cursor.position, upTo));
    if (typeof rule.every === "object" && cursor.counted === 0n && counted > 0n)
      await round.wait([{ stream: "", dueAtMicros: await firstDue(deps, rule, cursor, upTo) }]);
    const standing = (await mayBeDue(deps, rule, round, counted)) && (await standingOf(deps, rule, counted, upTo));
    const isDue = standing !== false && (await stillDue(deps, rule, round, standing));
    const taken = isDue ? await take(deps, rule, round) : undefined;
    if (taken === undefined) await moveTo(deps, round, upTo, standing === false ? counted : standing.counted);
    else {
      await round.over("");
      await moveTo(deps, round, taken, 0n);
    }
    const next = typeof rule.every === "object" ? await round.nextDueMicros() : undefined;
    const nextAtMs = next === undefined ? undefined : next / 1000n + 1n;
    return { ...idle, nextAtMs, taken: taken === undefined ? 0 : 1 };
  });
}

/** Where the live build stands; undefined where it is not this process's, or does not go on. */
async function livePosition(
  { projections, ledgerId }: SnapshotRowsDeps,
  projection: ModelProjection,
): Promise<bigint | undefined> {
  const record = (await projections.list(ledgerId)).projections.find(({ name }) => name === projection.name);
  if (record === undefined || !record.enabled) return undefined;
  const { live } = record;
  if (live === null || live.reason !== null || live.version !== projection.version) return undefined;
  return isChanged(projection, live) ? undefined : live.position;
}

/** Those that it handles: no definition is of the ledger's own events, so that a snapshot asks for no other one. */
async function countOwn(
  { store, ledgerId }: SnapshotRowsDeps,
  projection: ModelProjection,
  after: bigint,
  to: bigint,
): Promise<bigint> {
  return after >= to ? 0n : store.count(ledgerId, { query: projectionQuery(projection), after, to });
}

/** When a snapshot of events is due that are the first ones since the last: so long after it, or after the first of them. */
async function firstDue(
  deps: SnapshotRowsDeps,
  rule: ProjectionSnapshotRule,
  { position: after }: SnapshotCursor,
  to: bigint,
): Promise<bigint> {
  const newest = await newestOf(deps, rule);
  if (newest !== undefined) return newest.takenAtMicros + intervalMicros(rule);
  const { store, ledgerId, clock } = deps;
  for await (const event of store.readAll(ledgerId, { query: projectionQuery(rule.projection), after, to, limit: 1 }))
    return event.recordedAtMicros + intervalMicros(rule);
  return clock() * 1000n + intervalMicros(rule);
}

function intervalMicros({ every }: ProjectionSnapshotRule): bigint {
  return typeof every === "number" ? 0n : BigInt(every.ms) * 1000n;
}

/** By what the round knows without a look at snapshots. */
async function mayBeDue(
  { clock }: SnapshotRowsDeps,
  { every }: ProjectionSnapshotRule,
  round: SnapshotRound,
  counted: bigint,
): Promise<boolean> {
  if (typeof every === "number") return counted >= BigInt(every);
  return (await round.due(clock() * 1000n, 1)).length > 0;
}

/** Corrected by the branch's newest snapshot: it may have been taken by hand, or by a round that did not come to its end. */
async function standingOf(
  deps: SnapshotRowsDeps,
  rule: ProjectionSnapshotRule,
  counted: bigint,
  upTo: bigint,
): Promise<Standing> {
  const newest = await newestOf(deps, rule);
  const since = newest === undefined ? counted : await countOwn(deps, rule.projection, newest.position, upTo);
  return { counted: since < counted ? since : counted, newest };
}

async function stillDue(
  { clock }: SnapshotRowsDeps,
  rule: ProjectionSnapshotRule,
  round: SnapshotRound,
  { counted, newest }: Standing,
): Promise<boolean> {
  if (typeof rule.every === "number") return counted >= BigInt(rule.every);
  if (counted === 0n) {
    await round.over("");
    return false;
  }
  const dueAtMicros = newest === undefined ? 0n : newest.takenAtMicros + intervalMicros(rule);
  if (dueAtMicros <= clock() * 1000n) return true;
  await round.over("");
  await round.wait([{ stream: "", dueAtMicros }]);
  return false;
}

async function newestOf(deps: SnapshotRowsDeps, { projection }: ProjectionSnapshotRule): Promise<Start | undefined> {
  const { name: of, version } = projection;
  const branch = { name: branchOfProjection(of), of, stream: undefined, model: { version } };
  const [start] = await findStarts(deps, [{ branch }]);
  return start;
}

/** Gives the position that the snapshot is of; undefined where another version has become live meanwhile. */
async function take(
  deps: SnapshotRowsDeps,
  { projection }: ProjectionSnapshotRule,
  round: SnapshotRound,
): Promise<bigint | undefined> {
  let touched = Promise.resolve();
  const touching = setInterval(() => {
    touched = round.touch().catch(() => undefined);
  }, TOUCH_MS);
  try {
    const found = await readDigest(deps.projections, deps.ledgerId, projection);
    if (found === undefined || found.position === 0n || found.version !== projection.version) return undefined;
    await takeDigest(deps, projection, found);
    return found.position;
  } finally {
    clearInterval(touching);
    await touched;
  }
}

async function moveTo(deps: SnapshotRowsDeps, round: SnapshotRound, to: bigint, counted: bigint): Promise<void> {
  const { position, hash, counted: before } = round.cursor;
  if (to === position && counted === before) return;
  await round.move({ position: to, hash: to === position ? hash : await hashAt(deps, to), counted });
}

async function hashAt({ store, ledgerId }: SnapshotRowsDeps, position: bigint): Promise<Bytes> {
  for await (const { hash } of store.readAll(ledgerId, { after: position - 1n, to: position, limit: 1 })) return hash;
  throw new LedgerError("forked", `the ledger has no event at position ${position}, where a projection stands`, {
    values: { position },
  });
}
