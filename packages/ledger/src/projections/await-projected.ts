import { LedgerError } from "@eventchain/core";
import type { ListedBuild, ProjectionRecord, ProjectionStore, TroubleRow } from "@eventchain/store";
import { checkTimeout } from "../await-position.ts";
import { checkKeys } from "../check-keys.ts";
import type { WaitOptions } from "../types.ts";
import { type Pace, type Watch, watchValue } from "../watch-value.ts";
import { reasonOf } from "./reason-of.ts";

/** How long `projected()` waits unless told otherwise. */
export const DEFAULT_PROJECTED_TIMEOUT_MS = 30_000;

/** A worker is some milliseconds behind: then it pays to look again soon. */
const PACE: Pace = { minDelayMs: 5, delayMs: (quietMs) => Math.max(5, Math.min(quietMs / 10, 200)) };

/** One reader of how a ledger's projections stand, shared by all that wait for them. */
export type ProjectionWatch = Watch<readonly ProjectionRecord[]>;

export function watchProjections(read: ProjectionStore["list"], ledgerId: bigint): ProjectionWatch {
  return watchValue(async () => (await read(ledgerId)).projections, isSame, PACE);
}

function isSame(before: readonly ProjectionRecord[], now: readonly ProjectionRecord[]): boolean {
  return before.map(traceOf).join() === now.map(traceOf).join();
}

function traceOf({ name, enabled, live, building }: ProjectionRecord): string {
  const trace = (build: ListedBuild | null): string =>
    `${build?.buildId} ${build?.position} ${build && reasonOf(build)}`;
  return `${name} ${enabled} ${trace(live)} ${trace(building)}`;
}

type Answer = { readonly error: LedgerError | undefined };

/** What a wait is told beside how the projections stand. */
export interface ProjectedDeps {
  readonly watch: ProjectionWatch;
  /** Whether this process has the projection: then it is waited for before its first build is there too. */
  readonly isKnown: (name: string) => boolean;
  /** What stands in the way of the ledger's handlers; asked once, when a wait ran out of time. */
  readonly troubles: () => Promise<readonly Pick<TroubleRow, "handler" | "reason">[]>;
}

/**
 * Resolves when the live build of a projection has handled a position, at the projection's level.
 * Errors: LedgerError `not-found`, `projection-stopped` (stopped, or off, before the position, or forked), `timeout` (names what
 * runs the ledger's handlers where that is in trouble), `aborted`,
 * `invalid-argument`, or what the database answers.
 */
export async function awaitProjected(
  { watch, isKnown, troubles }: ProjectedDeps,
  name: string,
  position: bigint,
  options: WaitOptions,
): Promise<void> {
  checkKeys(options, ["timeout", "signal"], "options of projected");
  const timeoutMs = checkTimeout(options.timeout) ?? DEFAULT_PROJECTED_TIMEOUT_MS;
  const waiting = watch.until<Answer>((records) => answerOf(records, name, position, isKnown), {
    timeoutMs,
    signal: options.signal,
    what: `projection ${name} handling position ${position}`,
    values: { projection: name, position },
  });
  const answer = await waiting.catch(async (error: unknown) => {
    throw await withTrouble(error, troubles);
  });
  if (answer.error !== undefined) throw answer.error;
}

/** Of a time-out: the same, with the trouble of what runs the ledger's handlers, where it has one. */
async function withTrouble(error: unknown, troubles: ProjectedDeps["troubles"]): Promise<unknown> {
  // The last read that failed is its cause: then it has its reason, and the database none to give.
  if (!(error instanceof LedgerError) || error.code !== "timeout" || error.cause !== undefined) return error;
  const found = await troubles().catch(() => []);
  const trouble = found.find(({ handler }) => handler.startsWith("module:"));
  if (trouble === undefined) return error;
  const { values, cause, retryable } = error;
  const { handler, reason } = trouble;
  return new LedgerError("timeout", `${error.message}: ${handler} is in trouble: ${reason}`, {
    values: { ...values, handler, reason },
    cause,
    retryable,
  });
}

function answerOf(
  records: readonly ProjectionRecord[],
  name: string,
  position: bigint,
  isKnown: (name: string) => boolean,
): Answer | undefined {
  const record = records.find((each) => each.name === name);
  if (record === undefined) return isKnown(name) ? undefined : { error: notFound(name, records) };
  const { live, building, enabled } = record;
  // How far a forked one is says nothing of this history.
  if (live?.forked === false && live.position >= position) return { error: undefined };
  if (!enabled) return { error: stopped(name, position, "it is switched off") };
  const first = live ?? building;
  const reason = first === null ? null : reasonOf(first);
  return reason === null ? undefined : { error: stopped(name, position, reason) };
}

function notFound(name: string, records: readonly ProjectionRecord[]): LedgerError {
  const known = records.length === 0 ? "it has none yet" : `it has ${records.map((each) => each.name).join(", ")}`;
  return new LedgerError("not-found", `this ledger has no projection ${JSON.stringify(name)}: ${known}`, {
    values: { projection: name },
  });
}

function stopped(name: string, position: bigint, reason: string): LedgerError {
  return new LedgerError("projection-stopped", `projection ${name} does not come to position ${position}: ${reason}`, {
    values: { projection: name, position, reason },
  });
}
