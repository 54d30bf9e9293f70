import { LedgerError } from "@eventchain/core";
import type { ListedBuild, ProjectionRecord } from "@eventchain/store";
import { type Advance, advanceBuild, type ProjectionDeps } from "./advance-build.ts";
import { dropRetired } from "./drop-retired.ts";
import { isChanged, makeBuild, needOf, type RebuildStep, stepBuild } from "./rebuild-projection.ts";
import type { Projection } from "./types.ts";

/** What one round over a projection found. */
export interface ProjectReport {
  /** There is more to do at once. */
  readonly more: boolean;
  /** Somebody else has it, or is in the way, for the moment: look again soon. */
  readonly putOff: boolean;
  /** In how many milliseconds that is to be; default: soon. */
  readonly putOffMs?: number | undefined;
  /** Why its live build, or the one on its way, does not go on; undefined where both do. */
  readonly reason: string | undefined;
}

/**
 * One round over a projection: its first build is made where it has none, a build of a version that is higher than the live
 * one's beside that, and both are advanced; the new one is swapped in once it has caught up. Any number of processes may
 * do so at once: whoever has a build's row works on it.
 *
 * The durable steps are those of `makeBuild`, `stepBuild`, `advanceBuild` and `dropRetired`.
 *
 * @param record how it stood a moment ago; undefined: it was not known to the ledger
 * @param headPosition of the ledger, in the same look
 */
export async function projectOnce(
  deps: ProjectionDeps,
  projection: Projection,
  record: ProjectionRecord | undefined,
  headPosition: bigint,
): Promise<ProjectReport> {
  const { name, events } = projection;
  if (events.length === 0)
    throw new LedgerError("config-invalid", `projection ${name} handles no event: say by \`on\` which ones`, {
      values: { projection: name },
    });
  const live = await advanceLive(deps, projection, record?.live ?? null, headPosition);
  const step = await advanceNew(deps, projection, record);
  const dropMs = await dropRetired(deps, record);
  const reasons = [step, live].map((each) => (each?.kind === "stopped" ? each.reason : undefined));
  return {
    more: (live?.kind === "moved" && live.position < live.bound) || step?.kind === "moved" || step?.kind === "swapped",
    putOff: step?.kind === "put-off" || live?.kind === "busy" || dropMs !== undefined,
    putOffMs: live?.kind === "busy" ? undefined : leastOf(step?.kind === "put-off" ? step.waitMs : undefined, dropMs),
    reason: reasons.find((reason) => reason !== undefined),
  };
}

function leastOf(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** A live build of another version, or another definition, is left to the processes that have that one. */
async function advanceLive(
  deps: ProjectionDeps,
  projection: Projection,
  live: ListedBuild | null,
  headPosition: bigint,
): Promise<Advance | undefined> {
  if (live === null || live.version !== projection.version) return undefined;
  if (isChanged(projection, live)) return { kind: "stopped", reason: otherDefinition(live) };
  // The row of an inline one that is at the head is left alone: an append that finds it taken would leave it behind.
  return live.forked || live.position !== headPosition ? advanceBuild(deps, live, projection) : undefined;
}

async function advanceNew(
  deps: ProjectionDeps,
  projection: Projection,
  record: ProjectionRecord | undefined,
): Promise<RebuildStep | undefined> {
  const need = needOf(projection, record);
  // Rows of both would be neither's.
  if (need.kind === "advance" && isChanged(projection, need.build))
    return { kind: "stopped", reason: otherDefinition(need.build) };
  if (need.kind === "advance") return stepBuild(deps, projection, need.build);
  return need.kind === "make" ? stepBuild(deps, projection, await makeBuild(deps, projection)) : undefined;
}

function otherDefinition({ version }: ListedBuild): string {
  return `it is built from another definition of version ${version}: raise its version, or replay it`;
}
