import type { Fees } from "@eventchain/chain";
import type { AnchorFacts } from "@eventchain/store";
import { z } from "zod";

/** When an anchor is sent, and what it may cost. */
export interface AnchorPolicy {
  /** At most one anchor of a ledger in this time. */
  minIntervalMs: bigint;
  /** A checkpoint that has waited so long is anchored whatever `maxFeePerGasWei` says. */
  maxDelayMs: bigint;
  /** A higher fee for each gas is not bid, unless `maxDelayMs` has passed. Undefined: no limit. */
  maxFeePerGasWei: bigint | undefined;
  /** What the sender may spend in 24 hours on a chain, over all ledgers, what is on its way counted at its most. Undefined: no limit. */
  dailyBudgetWei: bigint | undefined;
  /** A transaction that is not mined after so long is replaced by one with a higher fee, up to four times the chain's. */
  replaceAfterMs: bigint;
  /** A transaction that is not mined after so long is sent again, as it is: a node may have lost it. */
  resendAfterMs: bigint;
  /** How often the chain is asked about what is on its way. */
  pollMs: bigint;
}

/** For a public chain: at most one anchor in ten minutes for each ledger, no limit of cost. */
export const DEFAULT_POLICY: AnchorPolicy = {
  minIntervalMs: 600_000n,
  maxDelayMs: 3_600_000n,
  maxFeePerGasWei: undefined,
  dailyBudgetWei: undefined,
  replaceAfterMs: 180_000n,
  resendAfterMs: 30_000n,
  pollMs: 4_000n,
};

/** For a development chain, where gas costs nothing: each checkpoint at once. */
export const DEVELOPMENT_POLICY: AnchorPolicy = {
  ...DEFAULT_POLICY,
  minIntervalMs: 0n,
  replaceAfterMs: 15_000n,
  resendAfterMs: 3_000n,
  pollMs: 250n,
};

/** Chain ids of Hardhat, Anvil and Ganache. */
const DEVELOPMENT_CHAINS: readonly bigint[] = [31337n, 1337n];

/** By its id: a chain that exists to be thrown away. */
export function isDevelopmentChain(chainId: bigint): boolean {
  return DEVELOPMENT_CHAINS.includes(chainId);
}

const amount = z.union([
  z.bigint().nonnegative(),
  z.int().nonnegative().transform(BigInt),
  z
    .string()
    .regex(/^(0|[1-9][0-9]*)$/, "is a decimal number")
    .transform(BigInt),
]);

/** What may be given of a policy; what is left out is the chain's default. */
export type PolicyInput = { [Key in keyof AnchorPolicy]?: AnchorPolicy[Key] | undefined };

/** Amounts as bigint, number or decimal text. */
export const policyShape: z.ZodType<PolicyInput, unknown> = z
  .strictObject({
    minIntervalMs: amount,
    maxDelayMs: amount,
    maxFeePerGasWei: amount,
    dailyBudgetWei: amount,
    replaceAfterMs: amount,
    resendAfterMs: amount,
    pollMs: amount,
  })
  .partial();

/** The policy on a chain: its default, but for what is given. */
export function policyOn(chainId: bigint, given: PolicyInput = {}): AnchorPolicy {
  const policy = isDevelopmentChain(chainId) ? DEVELOPMENT_POLICY : DEFAULT_POLICY;
  return {
    minIntervalMs: given.minIntervalMs ?? policy.minIntervalMs,
    maxDelayMs: given.maxDelayMs ?? policy.maxDelayMs,
    maxFeePerGasWei: given.maxFeePerGasWei ?? policy.maxFeePerGasWei,
    dailyBudgetWei: given.dailyBudgetWei ?? policy.dailyBudgetWei,
    replaceAfterMs: given.replaceAfterMs ?? policy.replaceAfterMs,
    resendAfterMs: given.resendAfterMs ?? policy.resendAfterMs,
    pollMs: given.pollMs ?? policy.pollMs,
  };
}

/** What one transaction would bid, and cost at most. */
export interface Bid {
  maxFeePerGasWei: bigint;
  gasLimit: bigint;
}

const MAX_BACKOFF_MS = 600_000n;

/** 1 s, 2 s, 4 s … 10 min: a head that the contract keeps refusing must not burn the budget. */
function backoffMs(failures: number): bigint {
  const pause = 1000n << BigInt(Math.min(failures - 1, 20));
  return pause < MAX_BACKOFF_MS ? pause : MAX_BACKOFF_MS;
}

function seconds(ms: bigint): string {
  return `${ms / 1000n} s`;
}

/** Why the next anchor of a ledger waits whatever the chain says, so that the chain is not asked meanwhile. */
export function reasonToPause(policy: AnchorPolicy, facts: AnchorFacts): string | undefined {
  const { failuresInARow, sinceFailureMs, sinceLastMs } = facts;
  if (failuresInARow > 0 && sinceFailureMs !== undefined && sinceFailureMs < backoffMs(failuresInARow)) {
    return `${failuresInARow} anchors in a row failed: the next try is ${seconds(backoffMs(failuresInARow))} after the last`;
  }
  if (sinceLastMs !== undefined && sinceLastMs < policy.minIntervalMs) {
    return `the last anchor is less than ${seconds(policy.minIntervalMs)} old (minIntervalMs)`;
  }
  return undefined;
}

/** Why the next anchor of a ledger waits; undefined: it is sent now. The reason is the same text as long as it holds. */
export function reasonToWait(policy: AnchorPolicy, facts: AnchorFacts, bid: Bid): string | undefined {
  const pause = reasonToPause(policy, facts);
  if (pause !== undefined) return pause;
  const urgent = facts.oldestWaitMs >= policy.maxDelayMs;
  if (!urgent && exceeds(bid.maxFeePerGasWei, policy.maxFeePerGasWei)) {
    return `the chain's fee is over ${policy.maxFeePerGasWei} wei (maxFeePerGasWei), for ${seconds(policy.maxDelayMs)} at most`;
  }
  return overBudget(policy, facts.spentWei, bid.gasLimit * bid.maxFeePerGasWei);
}

/** Why a transaction may not cost so much more today; undefined where it may. */
export function overBudget(policy: AnchorPolicy, spentWei: bigint, costWei: bigint): string | undefined {
  if (!exceeds(spentWei + costWei, policy.dailyBudgetWei)) return undefined;
  return `the budget of ${policy.dailyBudgetWei} wei in 24 hours (dailyBudgetWei) does not allow another anchor`;
}

/** Why a stuck transaction is not replaced; undefined: it is. */
export function reasonNotToReplace(policy: AnchorPolicy, facts: AnchorFacts, old: Bid, bid: Bid): string | undefined {
  if (facts.oldestWaitMs < policy.maxDelayMs && exceeds(bid.maxFeePerGasWei, policy.maxFeePerGasWei)) {
    return `an anchor is stuck, and a higher fee is over ${policy.maxFeePerGasWei} wei (maxFeePerGasWei)`;
  }
  return overBudget(policy, facts.spentWei, bid.gasLimit * bid.maxFeePerGasWei - old.gasLimit * old.maxFeePerGasWei);
}

function exceeds(value: bigint, limit: bigint | undefined): boolean {
  return limit !== undefined && value > limit;
}

/** A replacement bids at most so many times the chain's fees of now: what is not mined then does not wait for money. */
const MOST_TIMES = 4n;

/** At least an eighth more than before, since nodes ask for a tenth; and no less than the chain's own. */
function raiseFee(oldWei: bigint, nowWei: bigint): bigint {
  const raised = oldWei + oldWei / 8n + 1n;
  return raised > nowWei ? raised : nowWei;
}

function isTooMuch(wei: bigint, nowWei: bigint): boolean {
  return wei > MOST_TIMES * (nowWei > 0n ? nowWei : 1n);
}

/**
 * What replaces a bid that a node has taken; undefined where the bid is enough by the chain's fees of now, and the
 * transaction waits for something else. A chain that mines nothing does not drive the bid up for ever.
 */
export function replacementFees(old: Fees, now: Fees): Fees | undefined {
  const fees = {
    maxFeePerGasWei: raiseFee(old.maxFeePerGasWei, now.maxFeePerGasWei),
    maxPriorityFeePerGasWei: raiseFee(old.maxPriorityFeePerGasWei, now.maxPriorityFeePerGasWei),
  };
  if (isTooMuch(fees.maxFeePerGasWei, now.maxFeePerGasWei)) return undefined;
  // A tip that went down does not hold up a bid that is below the chain's own by now: a node takes only both raised.
  const isBelow = old.maxFeePerGasWei < now.maxFeePerGasWei;
  return !isBelow && isTooMuch(fees.maxPriorityFeePerGasWei, now.maxPriorityFeePerGasWei) ? undefined : fees;
}

/** What a bid that the node refuses is signed anew with; undefined where the chain is not cheaper by an eighth. */
export function cheaperFees(old: Fees, now: Fees): Fees | undefined {
  return now.maxFeePerGasWei <= old.maxFeePerGasWei - old.maxFeePerGasWei / 8n &&
    now.maxFeePerGasWei < old.maxFeePerGasWei
    ? now
    : undefined;
}
