import { setTimeout as pause } from "node:timers/promises";
import { LedgerError } from "@eventchain/core";
import type { BuildRecord, ProjectionRecord } from "@eventchain/store";
import type { ProjectionDeps, SeenBuild } from "./advance-build.ts";
import { dropRetired } from "./drop-retired.ts";
import { isChanged, makeBuild, stepBuild } from "./rebuild-projection.ts";
import type { Projection } from "./types.ts";

/** How long to wait for a build that somebody else works on, before the next look; and at most for one whose swap was put off. */
const BUSY_PAUSE_MS = 100;
const MAX_PAUSE_MS = 1_000;

export interface ReplayOptions {
  /** Drops a build that was left on the way, and begins at the first event. Default false: goes on with it. */
  readonly clean?: boolean | undefined;
  /** Lets the definition's version take the place of a later one that is live. Default false. */
  readonly older?: boolean | undefined;
  /** Leaves the build where it is, after the batch at hand; LedgerError `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** How far the build has come, and how far it may come by now: after each batch. */
  readonly onProgress?: ((position: bigint, bound: bigint) => void) | undefined;
}

/** What a replay came to. */
export interface Replayed {
  readonly projection: string;
  readonly version: number;
  readonly build: bigint;
  /** The last event that the tables had when they were swapped in. */
  readonly position: bigint;
  /** Events of the ledger that were gone through, handled by the projection or not, from where the build stood. */
  readonly events: bigint;
}

/**
 * Builds a projection anew beside the live one and swaps it in. A build that was left on the way is gone on
 * with; one that somebody else works on is waited for, whoever swaps it in.
 * Reactions are not run. The order of what is made durable is `stepBuild`'s.
 *
 * Errors: LedgerError `projection-stopped` where the new build stops (the live one goes on), or the projection is switched
 * off; `conflict` where a later version is live and `older` is not given (values `version`, `live`), another one is being
 * built, or the build was dropped meanwhile; `aborted`; `database-…`.
 */
export async function replayProjection(
  deps: ProjectionDeps,
  projection: Projection,
  { clean = false, older = false, signal, onProgress }: ReplayOptions = {},
): Promise<Replayed> {
  throwIfAborted(signal);
  const begun = await beginReplay(deps, projection, { clean, older });
  const { buildId, position: start, name } = begun;
  let build: SeenBuild = begun;
  const done = (position: bigint): Replayed => ({
    projection: name,
    version: projection.version,
    build: buildId,
    position,
    events: position > start ? position - start : 0n,
  });
  for (;;) {
    throwIfAborted(signal);
    const step = await stepBuild({ ...deps, signal, onProgress }, projection, build);
    if (step.kind === "swapped") {
      await dropRetired(deps, (await look(deps, name)).record);
      return done(step.position);
    }
    if (step.kind === "stopped") throw stopped(name, step.reason);
    const { record, headPosition } = await look(deps, name);
    if (record?.live?.buildId === buildId) return done(record.live.position);
    if (record?.building?.buildId !== buildId) throw replaced(name, buildId);
    build = record.building;
    // Of whoever has it.
    if (step.kind === "busy") onProgress?.(build.position, headPosition);
    if (step.kind === "busy") await pauseUnless(signal, BUSY_PAUSE_MS);
    if (step.kind === "put-off") await pauseUnless(signal, Math.min(step.waitMs, MAX_PAUSE_MS));
  }
}

/** Drops the build of a projection that is on its way; gives whether there was one. The live one is not touched. */
export async function cancelReplay(deps: ProjectionDeps, name: string): Promise<boolean> {
  const { record } = await look(deps, name);
  await dropRetired(deps, record);
  if (record?.building == null) return false;
  await dropBuilding(deps, record.building.buildId);
  return true;
}

/** The build to go on with. */
async function beginReplay(
  deps: ProjectionDeps,
  projection: Projection,
  { clean, older }: { clean: boolean; older: boolean },
): Promise<BuildRecord> {
  const { name, version } = projection;
  const { record } = await look(deps, name);
  if (record?.enabled === false) throw switchedOff(name);
  const live = record?.live?.version ?? 0;
  if (live > version && !older) throw isOlder(name, version, live);
  await dropRetired(deps, record);
  const left = record?.building ?? null;
  if (left !== null && left.version > version && !clean)
    throw new LedgerError(
      "conflict",
      `version ${left.version} of ${name} is being built, and this config has version ${version}: ` +
        "deploy the newer one, or drop its build with --clean or --cancel",
      { values: { projection: name, version, building: left.version } },
    );
  // One of another definition would be half of each.
  if (left !== null && (clean || isChanged(projection, left))) await dropBuilding(deps, left.buildId);
  // What it stopped for is asked about again.
  else if (left !== null && left.reason !== null) await deps.projections.retry(deps.ledgerId, name);
  const build = await makeBuild(deps, projection);
  if (build.reason !== null) throw stopped(name, build.reason);
  return build;
}

/** Waits for who has it at this moment: a batch. */
async function dropBuilding({ projections }: ProjectionDeps, buildId: bigint): Promise<void> {
  while (!(await projections.dropBuilding(buildId))) await pause(BUSY_PAUSE_MS);
}

async function look(
  { ledgerId, projections }: ProjectionDeps,
  name: string,
): Promise<{ record: ProjectionRecord | undefined; headPosition: bigint }> {
  const { headPosition, projections: records } = await projections.list(ledgerId);
  return { record: records.find((record) => record.name === name), headPosition };
}

function stopped(name: string, reason: string): LedgerError {
  return new LedgerError("projection-stopped", `the new build of ${name} stopped, the live one goes on: ${reason}`, {
    values: { projection: name, reason },
  });
}

function isOlder(name: string, version: number, live: number): LedgerError {
  return new LedgerError(
    "conflict",
    `version ${live} of ${name} is live, and this config has version ${version}: replay with the newer one, or take the ` +
      "older one back with --older",
    { values: { projection: name, version, live } },
  );
}

function replaced(name: string, buildId: bigint): LedgerError {
  return new LedgerError(
    "conflict",
    `the build of ${name} was dropped, or gave way to another version's: replay again`,
    {
      values: { projection: name, build: buildId },
    },
  );
}

function switchedOff(name: string): LedgerError {
  return new LedgerError("projection-stopped", `${name} is switched off: \`eventchain handlers enable ${name}\``, {
    values: { projection: name, reason: "switched off" },
  });
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new LedgerError(
      "aborted",
      "the replay was interrupted: its build stays, and the next replay goes on with it",
      {
        cause: signal.reason,
      },
    );
}

async function pauseUnless(signal: AbortSignal | undefined, ms: number): Promise<void> {
  await pause(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}
