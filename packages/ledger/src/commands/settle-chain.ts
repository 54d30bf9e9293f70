import { type Bytes, equalBytes } from "@eventchain/core";
import type { AppendOutcome, AppendRequest, ChainOutcome, CommandRecord } from "@eventchain/store";
import type { Entry } from "./draft-chain.ts";
import type { CommandJob } from "./run-batch.ts";

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

/** What a chain was decided on. */
export interface ChainGround {
  /** What its conditions look from. */
  readonly position: bigint;
  /** It was read for this chain; else it is where the chain before it ended. */
  readonly isRead: boolean;
}

export interface SettledChain<Job> {
  /** Jobs to decide again, in their order. */
  readonly again: readonly Job[];
  /** How often the job lost that lost most often and goes on; 0: nobody lost. */
  readonly lost: number;
  /** Everything was recorded or rejected as it was decided. */
  readonly sound: boolean;
  /** The chain's last position; undefined where it has none, or its events do not stand side by side. */
  readonly last: bigint | undefined;
  /** Tells the callers of the other jobs. */
  tell(): void;
}

/**
 * Makes of a chain's outcomes what its jobs are told. A loss counts as an attempt where the job was decided on what was
 * read for it: one that was decided ahead did not see what it could have seen.
 */
export function settleChain<Job extends CommandJob>(
  entries: readonly Entry<Job>[],
  outcomes: readonly ChainOutcome[],
  ground: ChainGround,
): SettledChain<Job> {
  const again: Job[] = [];
  const told: (() => void)[] = [];
  let lost = 0;
  let sound = true;
  let next = 0;
  for (const { job, request, error } of entries) {
    if (request === undefined) {
      // What failed on top of a decision that does not stand may succeed without it.
      if (sound) told.push(() => job.reject(error));
      else again.push(job);
      continue;
    }
    const outcome = outcomes[next++];
    if (outcome === undefined) throw new Error("each request has an outcome");
    if (outcome.outcome === "failed") {
      told.push(() => job.reject(outcome.error));
      sound = false;
      continue;
    }
    const result = resultOf(job, request, outcome, ground);
    if (result === undefined) again.push(job);
    else told.push(() => job.resolve(result));
    if (outcome.outcome === "condition-failed") lost = Math.max(lost, result === undefined ? job.attempts : 1);
    if (!isAsDecided(request, outcome)) sound = false;
  }
  const tell = (): void => {
    for (const each of told) each();
  };
  return { again, lost, sound, last: lastOf(outcomes), tell };
}

function isAsDecided({ rejection }: AppendRequest, outcome: AppendOutcome): boolean {
  if (rejection !== undefined) return outcome.outcome === "rejected";
  return outcome.outcome === "recorded" && !outcome.duplicate;
}

/** Undefined: to be decided again. */
function resultOf(
  job: CommandJob,
  request: AppendRequest,
  outcome: AppendOutcome,
  { position, isRead }: ChainGround,
): CommandOutcome | undefined {
  if (outcome.outcome === "dependency-failed") return undefined;
  if (outcome.outcome !== "condition-failed") return outcomeOfRequest(request, outcome);
  job.overtaken = true;
  if (!isRead) return undefined;
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

/** What a request comes to whose command id is known. */
export function outcomeOfRecord(record: CommandRecord, requestHash: Bytes): CommandOutcome {
  return { kind: equalBytes(record.requestHash, requestHash) ? "known" : "reused" };
}

function lastOf(outcomes: readonly ChainOutcome[]): bigint | undefined {
  let first: bigint | undefined;
  let last: bigint | undefined;
  let count = 0;
  for (const position of outcomes.flatMap(positionsOf)) {
    first ??= position;
    last = position;
    count += 1;
  }
  return first !== undefined && last !== undefined && last - first + 1n === BigInt(count) ? last : undefined;
}

function positionsOf(outcome: ChainOutcome): bigint[] {
  if (outcome.outcome === "recorded") return outcome.events.map(({ position }) => position);
  return outcome.outcome === "rejected" && !outcome.duplicate && outcome.position !== null ? [outcome.position] : [];
}
