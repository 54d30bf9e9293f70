import { type Bytes, equalBytes } from "@eventchain/core";
import type {
  AppendOutcome,
  AppendRequest,
  ChainOutcome,
  CommandRecord,
  EventStore,
  GroupedAppends,
} from "@eventchain/store";
import type { SchemaRegistry } from "../events/schema-registry.ts";
import { aborted } from "../watch-value.ts";
import { decideBatch, type Entry } from "./decide-batch.ts";
import type { KeptStates } from "./kept-states.ts";
import { type ModelView, readViews } from "./model-views.ts";
import type { Remainder } from "./open-lanes.ts";
import type { Execution } from "./start-execution.ts";

/** What became of a command. */
export type CommandOutcome =
  | { readonly kind: "recorded"; readonly request: AppendRequest; readonly outcome: Recorded }
  | { readonly kind: "rejected"; readonly code: string; readonly reason: string | null }
  /** It was recorded or rejected before, by this request. */
  | { readonly kind: "known" }
  /** The command id is another request's. */
  | { readonly kind: "reused" }
  | { readonly kind: "refused"; readonly outcome: Extract<AppendOutcome, { outcome: "refused" }> }
  /** It was decided `attempts` times; the last time on events up to `after`, and the events at `positions` came then. */
  | {
      readonly kind: "conflict";
      readonly attempts: number;
      readonly after: bigint;
      readonly positions: readonly bigint[];
    };

type Recorded = Extract<AppendOutcome, { outcome: "recorded" }>;

/** A command that waits to be decided and recorded. */
export interface CommandJob {
  readonly execution: Execution;
  /** By model name; its own, until a batch reads them. */
  readonly views: ReadonlyMap<string, ModelView>;
  /** Where its events without a stream go. */
  readonly stream: string | undefined;
  readonly recordRejections: boolean;
  readonly schemas: Pick<SchemaRegistry, "keepUsed">;
  /** How often it was decided and lost to somebody else. */
  attempts: number;
  readonly resolve: (outcome: CommandOutcome) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatchDeps {
  store: Pick<EventStore, "look" | "knownCommands" | "findCommand">;
  appends: Pick<GroupedAppends, "appendChain">;
  clock: () => bigint;
  random: (length: number) => Bytes;
  kept: KeptStates;
}

/** The first rest after a lost race, and the longest: each one is drawn from half of its length to all of it. */
const FIRST_REST_MS = 4;
const LONGEST_REST_MS = 250;

/**
 * Decides jobs of one lane in one look and records them as one chain:
 *
 * 1. the append's commit. Until then nothing is given out, no rejection and no failure of a decision either, as each may
 *    rest on events that are never recorded. A process that dies before it has recorded nothing.
 *
 * A job that is `dependency-failed` fell with an earlier one: it is decided again, and that is no attempt of its own. It
 * ends all the same, as each batch settles its first job or uses up one of that job's attempts. Never rejects.
 */
export async function runBatch<Job extends CommandJob & { readonly ledgerId: bigint }>(
  deps: BatchDeps,
  jobs: readonly Job[],
): Promise<Remainder<Job>> {
  const ledgerId = jobs[0]?.ledgerId;
  if (ledgerId === undefined) return { again: [], restMs: 0 };
  try {
    return await runOnce(deps, ledgerId, jobs);
  } catch (error) {
    // What was kept has been taken and is not put back: the next batch reads it afresh.
    for (const { reject } of jobs) reject(error);
    return { again: [], restMs: 0 };
  }
}

async function runOnce<Job extends CommandJob>(
  deps: BatchDeps,
  ledgerId: bigint,
  jobs: readonly Job[],
): Promise<Remainder<Job>> {
  const views = shareViews(jobs);
  const [position, unknown] = await settleBoth(
    readViews(deps.store, ledgerId, [...views.values()], deps.kept),
    withoutKnown(deps, ledgerId, jobs),
  );
  const waiting = unknown.filter((job) => !rejectIfAborted(job));
  const { entries, rest } = decideBatch(deps, waiting, views, position);
  const misfits = await keepSchemas(entries);
  if (misfits.size > 0) return { again: waiting.filter((job) => !misfits.has(job)), restMs: 0 };
  const requests = entries.flatMap(({ request }) => request ?? []);
  const outcomes = requests.length === 0 ? [] : await deps.appends.appendChain(ledgerId, requests);
  const { again, lost, sound } = settleEntries(entries, outcomes, position);
  if (sound) keepViews(deps.kept, [...views.values()], entries, outcomes, position);
  return { again: [...again, ...rest], restMs: lost === 0 ? 0 : restAfter(lost, deps.random) };
}

/** One view for each key, as of now. */
function shareViews(jobs: readonly CommandJob[]): Map<string, ModelView> {
  const views = new Map<string, ModelView>();
  for (const job of jobs)
    for (const view of job.views.values()) if (!views.has(view.key)) views.set(view.key, { ...view });
  return views;
}

/** Both results; where one fails, its error, once the other has come to its end too. */
async function settleBoth<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** The jobs that were not recorded or rejected before; the others are settled. */
async function withoutKnown<Job extends CommandJob>(
  { store }: BatchDeps,
  ledgerId: bigint,
  jobs: readonly Job[],
): Promise<readonly Job[]> {
  const ids = jobs.flatMap(({ execution }) => (execution.repeatable ? [execution.commandId] : []));
  if (ids.length === 0) return jobs;
  const known = await store.knownCommands(ledgerId, ids);
  const unknown: Job[] = [];
  for (const job of jobs) {
    const { commandId } = job.execution;
    const record = known.has(commandId) ? await store.findCommand(ledgerId, commandId) : undefined;
    if (record === undefined) unknown.push(job);
    else job.resolve(outcomeOfRecord(record, job.execution.requestHash));
  }
  return unknown;
}

/** What a request comes to whose command id is known. */
export function outcomeOfRecord(record: CommandRecord, requestHash: Bytes): CommandOutcome {
  return { kind: equalBytes(record.requestHash, requestHash) ? "known" : "reused" };
}

function rejectIfAborted({ execution: { signal }, reject }: CommandJob): boolean {
  if (signal?.aborted !== true) return false;
  reject(aborted("the command", signal.reason));
  return true;
}

/** Keeps the schemas of what is about to be recorded. Jobs whose schemas are refused are rejected, and returned. */
async function keepSchemas<Job extends CommandJob>(entries: readonly Entry<Job>[]): Promise<ReadonlySet<Job>> {
  const misfits = new Set<Job>();
  for (const { job, used } of entries) {
    if (used.size === 0) continue;
    try {
      await job.schemas.keepUsed(used);
    } catch (error) {
      job.reject(error);
      misfits.add(job);
    }
  }
  return misfits;
}

interface Settled<Job> {
  again: readonly Job[];
  /** How often the job lost that lost most often and goes on; 0: nobody lost. */
  lost: number;
  /** Everything was recorded or rejected as it was decided. */
  sound: boolean;
}

function settleEntries<Job extends CommandJob>(
  entries: readonly Entry<Job>[],
  outcomes: readonly ChainOutcome[],
  position: bigint,
): Settled<Job> {
  const again: Job[] = [];
  let lost = 0;
  let sound = true;
  let next = 0;
  for (const { job, request, error } of entries) {
    if (request === undefined) {
      // What failed on top of a decision that does not stand may succeed without it.
      if (sound) job.reject(error);
      else again.push(job);
      continue;
    }
    const outcome = outcomes[next++];
    if (outcome === undefined) throw new Error("each request has an outcome");
    if (outcome.outcome === "failed") {
      job.reject(outcome.error);
      sound = false;
      continue;
    }
    const result = resultOf(job, request, outcome, position);
    if (result === undefined) again.push(job);
    else job.resolve(result);
    if (outcome.outcome === "condition-failed") lost = Math.max(lost, result === undefined ? job.attempts : 1);
    if (outcome.outcome !== "rejected" && (outcome.outcome !== "recorded" || outcome.duplicate)) sound = false;
  }
  return { again, lost, sound };
}

/** Undefined: to be decided again. */
function resultOf(
  job: CommandJob,
  request: AppendRequest,
  outcome: AppendOutcome,
  position: bigint,
): CommandOutcome | undefined {
  if (outcome.outcome === "dependency-failed") return undefined;
  if (outcome.outcome !== "condition-failed") return outcomeOfRequest(request, outcome);
  job.attempts += 1;
  const { attempts } = job;
  if (attempts < job.execution.maxAttempts) return undefined;
  return { kind: "conflict", attempts, after: position, positions: outcome.positions };
}

/** What became of a command whose request was neither in conflict nor fell with another one. */
export function outcomeOfRequest(request: AppendRequest, outcome: AppendOutcome): CommandOutcome {
  switch (outcome.outcome) {
    case "recorded":
      return outcome.duplicate ? { kind: "known" } : { kind: "recorded", request, outcome };
    case "rejected":
      return { kind: "rejected", code: outcome.code, reason: outcome.reason };
    case "command-id-reused":
      return { kind: "reused" };
    case "refused":
      return { kind: "refused", outcome };
    default:
      throw new Error(`a command's request cannot end as ${outcome.outcome}`);
  }
}

/**
 * Puts the views back for the next batch. A request that was recorded on a view shows that nothing else had met its query
 * before it. Where the chain's events stand side by side, nobody's came between either, and the view holds at the last.
 */
function keepViews(
  kept: KeptStates,
  views: readonly ModelView[],
  entries: readonly Entry<CommandJob>[],
  outcomes: readonly ChainOutcome[],
  position: bigint,
): void {
  const positions = outcomes.flatMap(positionsOf);
  const [first, last] = [positions[0], positions.at(-1)];
  const together = first !== undefined && last !== undefined && last - first + 1n === BigInt(positions.length);
  const covered = new Set<string>();
  for (const { job, request } of entries)
    if (request !== undefined && request.events.length > 0) for (const { key } of job.views.values()) covered.add(key);
  for (const { key, state, failure, ahead, guessed } of views) {
    if (failure !== undefined || guessed) continue;
    if (covered.has(key) && together) kept.put(key, { state, position: last });
    else if (!ahead) kept.put(key, { state, position });
  }
}

function positionsOf(outcome: ChainOutcome): bigint[] {
  if (outcome.outcome === "recorded") return outcome.events.map(({ position }) => position);
  return outcome.outcome === "rejected" && !outcome.duplicate && outcome.position !== null ? [outcome.position] : [];
}

function restAfter(attempts: number, random: (length: number) => Bytes): number {
  const longest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (attempts - 1));
  const [high = 0, low = 0] = random(2);
  return (longest / 2) * (1 + (high * 256 + low) / 65_536);
}
