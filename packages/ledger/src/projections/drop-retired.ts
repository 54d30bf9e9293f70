import { LedgerError } from "@eventchain/core";
import type { ListedBuild, ProjectionRecord, ProjectionStore } from "@eventchain/store";

/**
 * Drops the tables of a projection's retired builds that nobody reads any more, each in a transaction of its own; whoever
 * reads one holds up nothing but that. Gives after how many milliseconds to look again; undefined: there is nothing left.
 *
 * Each drop is one durable step:
 * 1. the commit: a build's tables and its row are gone. A restart before it finds both, and drops them in any round.
 *
 * Errors: LedgerError `database-…`.
 */
export async function dropRetired(
  { projections }: { readonly projections: Pick<ProjectionStore, "dropRetired" | "putOff"> },
  record: Pick<ProjectionRecord, "retired"> | undefined,
): Promise<number | undefined> {
  let nextMs: number | undefined;
  for (const build of record?.retired ?? []) {
    const waitMs = build.waitMs > 0 ? build.waitMs : await dropOne(projections, build.buildId);
    if (waitMs !== undefined) nextMs = Math.min(nextMs ?? waitMs, waitMs);
  }
  return nextMs;
}

async function dropOne(
  projections: Pick<ProjectionStore, "dropRetired" | "putOff">,
  buildId: ListedBuild["buildId"],
): Promise<number | undefined> {
  try {
    await projections.dropRetired(buildId);
    return undefined;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    if (error.code !== "timeout" && error.code !== "projection-failed") throw error;
    return projections.putOff(buildId, error.message, true);
  }
}
