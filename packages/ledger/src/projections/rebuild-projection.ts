import { equalBytes, LedgerError } from "@eventchain/core";
import type { BuildRecord, BuildTransaction, ListedBuild, ProjectionRecord } from "@eventchain/store";
import { advanceBuild, catchUpBuild, type ProjectionDeps, type SeenBuild } from "./advance-build.ts";
import { HandlerFailure } from "./apply-events.ts";
import { digestDefinition } from "./digest-definition.ts";
import type { Projection } from "./types.ts";

/** A build that is at most so many events behind is swapped in: the swap's transaction does what is missing. */
const SWAP_WITHIN_EVENTS = 200n;

/** What one step towards a new live build came to. */
export type RebuildStep =
  /** It has come to `position`, and goes on. `events`: so many were applied. */
  | { readonly kind: "moved"; readonly position: bigint; readonly events: number }
  | { readonly kind: "swapped"; readonly position: bigint; readonly events: number }
  /** Somebody else works on it, or it is gone. */
  | { readonly kind: "busy" }
  /** It has caught up, and cannot be swapped in at this moment: to be tried again after `waitMs`, not sooner. */
  | { readonly kind: "put-off"; readonly reason: string; readonly waitMs: number }
  | { readonly kind: "stopped"; readonly reason: string };

/** What a projection's definition asks of its builds. */
export type RebuildNeed =
  | { readonly kind: "none" }
  /** Its version is higher than that of any build, or it has none. */
  | { readonly kind: "make" }
  /** One of its version is on its way. */
  | { readonly kind: "advance"; readonly build: ListedBuild }
  /** There is a higher version, live or on its way: a newer deployment's. This process leaves it alone. */
  | { readonly kind: "outdated"; readonly version: number };

/**
 * What is to be done about a projection whose builds are these. Of two deployments at once the higher version is built by
 * the one that has it, and once it is live the other leaves it alone. Taking a version back swaps nothing by itself: a
 * replay with the older definition does, where it is told to.
 */
export function needOf({ version }: Projection, record: ProjectionRecord | undefined): RebuildNeed {
  const { live = null, building = null } = record ?? {};
  if (building !== null && building.version > version) return { kind: "outdated", version: building.version };
  if (building !== null && building.version === version) return { kind: "advance", build: building };
  if (live === null || live.version < version) return { kind: "make" };
  return live.version > version ? { kind: "outdated", version: live.version } : { kind: "none" };
}

/** Whether a build was made from another definition of the same version: its rows are not what the projection says. */
export function isChanged(projection: Projection, build: Pick<ListedBuild, "version" | "definition">): boolean {
  const { version, definition } = build;
  return version === projection.version && definition !== null && !equalBytes(definition, digestDefinition(projection));
}

/** Makes a build of a projection from its first event on; gives the one of its version that is on its way, where there is one. */
export function makeBuild({ ledgerId, projections }: ProjectionDeps, projection: Projection): Promise<BuildRecord> {
  const { name, version, mode, schema, description } = projection;
  const definition = digestDefinition(projection);
  return projections.createBuild(ledgerId, { name, version, mode, schema, describe: description, definition });
}

/**
 * One step of a build that is on its way: a round of batches, and the swap once it has caught up. Any number of workers and
 * replays may call this for one build: whoever has its row works, the others are told `busy`.
 *
 * The order of a rebuild, each step one transaction:
 * 1. `makeBuild`: the build's row, and empty tables beside the live ones. A restart goes on with them.
 * 2. a batch: its rows, and the build's position. A restart reads the position and goes on past it.
 * 3. the swap, which has the rows of both builds (of an inline one first the ledger's, so that nothing is appended): the
 *    last events, at least to where the live build is; which build is live, and that the old one is retired; the views. A
 *    restart before it is at 2 again; after it at 4.
 * 4. `dropRetired`: the old build's tables and its row, once nobody holds them. A restart before it finds the build retired
 *    in any round or replay; after it there is nothing to do.
 *
 * Where 3 fails nothing of it has happened: what a handler cannot take is met by the next batch, and what people have to
 * clear away stops the build with the reason. Readers that stay put it off: a try waits for them some 50 ms, for an inline
 * projection before the ledger is held, then it is noted at the build, as a step of its own, and the next try comes after
 * a time that doubles up to half a minute: a restart before that tries once more. The live build goes on in each case.
 */
export async function stepBuild(deps: ProjectionDeps, projection: Projection, build: SeenBuild): Promise<RebuildStep> {
  const round = await advanceBuild(deps, build, projection);
  if (round.kind !== "moved") return round;
  const { position, bound, events } = round;
  const isLast = deps.signal?.aborted === true;
  if (isLast || bound - position > SWAP_WITHIN_EVENTS) return { kind: "moved", position, events };
  const { buildId, waitMs = 0, putOff = null } = build;
  if (waitMs > 0) return { kind: "put-off", reason: putOff ?? "", waitMs };
  try {
    const step = await swapBuild(deps, projection, buildId);
    if (step.kind === "behind") return await noteDelay(deps, buildId, step.reason, false);
    return step.kind === "swapped" ? { ...step, events: events + step.events } : step;
  } catch (error) {
    // The next batch meets the same event, and knows what to do about it.
    if (error instanceof HandlerFailure) return { kind: "moved", position, events };
    if (error instanceof SwapBlocked) return stopBuild(deps, buildId, error.message);
    if (error instanceof LedgerError && error.code === "timeout") return noteDelay(deps, buildId, error.message, true);
    throw error;
  }
}

async function noteDelay(
  { projections }: ProjectionDeps,
  buildId: bigint,
  reason: string,
  backsOff: boolean,
): Promise<RebuildStep> {
  return { kind: "put-off", reason, waitMs: await projections.putOff(buildId, reason, backsOff) };
}

/** What people have to clear away before a build can be swapped in. */
class SwapBlocked extends Error {}

/** `behind`: the live one has events that the new one may not come to yet. */
type SwapStep = RebuildStep | { readonly kind: "behind"; readonly reason: string };

/** Step 3. Errors: HandlerFailure, SwapBlocked; LedgerError `timeout` for others' locks. */
async function swapBuild(
  { ledgerId, projections }: ProjectionDeps,
  projection: Projection,
  buildId: bigint,
): Promise<SwapStep> {
  const isInline = projection.mode === "inline";
  // Readers that stay are met here, where no append waits.
  if (isInline && !(await namingBlocked(projections.probeSwap(buildId)))) return { kind: "busy" };
  const options = isInline ? { holdLedger: ledgerId } : {};
  const step = await projections.transact(buildId, (transaction) => swapWithin(transaction, projection), options);
  return step ?? { kind: "busy" };
}

async function swapWithin(transaction: BuildTransaction, projection: Projection): Promise<SwapStep> {
  const { build, forked, waitMs } = transaction;
  if (build.reason !== null) return { kind: "stopped", reason: build.reason };
  // Somebody swapped it in since it was looked at.
  if (build.state === "live") return { kind: "busy" };
  if (forked) {
    const reason = "forked: the event at its position is not the one that was applied: replay it with --clean";
    await transaction.stop(reason);
    return { kind: "stopped", reason };
  }
  // Somebody tried in vain since it was looked at.
  if (waitMs > 0) return { kind: "busy" };
  const live = await transaction.holdLive();
  // After the live build stands still, so that what is read is not behind that.
  const { position, events } = await catchUpBuild(transaction, projection);
  if (live !== undefined && !live.forked && position < live.position)
    return { kind: "behind", reason: "the live build has events that this one may not have yet, at its level" };
  await namingBlocked(transaction.swapIn());
  return { kind: "swapped", position, events };
}

/** Errors: SwapBlocked for what people have to clear away. */
async function namingBlocked<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== "projection-failed") throw error;
    throw new SwapBlocked(error.message, { cause: error });
  }
}

async function stopBuild({ projections }: ProjectionDeps, buildId: bigint, reason: string): Promise<RebuildStep> {
  const stopped = await projections.transact(buildId, async (transaction) => {
    await transaction.stop(reason);
    return true;
  });
  return stopped === undefined ? { kind: "busy" } : { kind: "stopped", reason };
}
