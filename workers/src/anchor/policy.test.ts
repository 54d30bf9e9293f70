import type { Fees } from "@eventchain/chain";
import type { AnchorFacts } from "@eventchain/store";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cheaperFees,
  DEFAULT_POLICY,
  DEVELOPMENT_POLICY,
  overBudget,
  policyOn,
  policyShape,
  reasonNotToReplace,
  reasonToPause,
  reasonToWait,
  replacementFees,
} from "./policy.ts";

const idle: AnchorFacts = {
  sinceLastMs: undefined,
  oldestWaitMs: 0n,
  failuresInARow: 0,
  sinceFailureMs: undefined,
  spentWei: 0n,
};
const feesOf = (wei: bigint): Fees => ({ maxFeePerGasWei: wei, maxPriorityFeePerGasWei: wei });
const bid = { maxFeePerGasWei: 10n, gasLimit: 100n };

describe("the policy", () => {
  it("sends the first anchor at once", () => {
    expect(reasonToWait(DEFAULT_POLICY, idle, bid)).toBeUndefined();
  });

  it("keeps its interval to the millisecond", () => {
    const policy = { ...DEFAULT_POLICY, minIntervalMs: 1_000n };
    expect(reasonToPause(policy, { ...idle, sinceLastMs: 999n })).toContain("minIntervalMs");
    expect(reasonToPause(policy, { ...idle, sinceLastMs: 1_000n })).toBeUndefined();
  });

  it("bids more than the limit only after the longest delay", () => {
    const policy = { ...DEFAULT_POLICY, maxFeePerGasWei: 9n, maxDelayMs: 5_000n };
    expect(reasonToWait(policy, { ...idle, oldestWaitMs: 4_999n }, bid)).toContain("maxFeePerGasWei");
    expect(reasonToWait(policy, { ...idle, oldestWaitMs: 5_000n }, bid)).toBeUndefined();
    expect(reasonToWait({ ...policy, maxFeePerGasWei: 10n }, idle, bid)).toBeUndefined();
  });

  it("never spends more than the budget, however late it is", () => {
    const policy = { ...DEFAULT_POLICY, dailyBudgetWei: 1_500n, maxDelayMs: 0n };
    expect(reasonToWait(policy, { ...idle, spentWei: 500n }, bid)).toBeUndefined();
    expect(reasonToWait(policy, { ...idle, spentWei: 501n, oldestWaitMs: 1_000_000n }, bid)).toContain(
      "dailyBudgetWei",
    );
    expect(overBudget(DEFAULT_POLICY, 10n ** 30n, 1n)).toBeUndefined();
  });

  it("waits longer after each failure in a row, ten minutes at most", () => {
    const pauses = [1, 2, 3, 10, 60].map((failuresInARow) => {
      let ms = 0n;
      while (reasonToPause(DEVELOPMENT_POLICY, { ...idle, failuresInARow, sinceFailureMs: ms }) !== undefined)
        ms += 1_000n;
      return ms;
    });
    expect(pauses).toEqual([1_000n, 2_000n, 4_000n, 512_000n, 600_000n]);
  });

  it("counts only what a replacement costs more", () => {
    const policy = { ...DEFAULT_POLICY, dailyBudgetWei: 1_200n };
    const dearer = { ...bid, maxFeePerGasWei: 12n };
    expect(reasonNotToReplace(policy, { ...idle, spentWei: 1_000n }, bid, dearer)).toBeUndefined();
    expect(reasonNotToReplace(policy, { ...idle, spentWei: 1_001n }, bid, dearer)).toContain("dailyBudgetWei");
    expect(reasonNotToReplace({ ...policy, maxFeePerGasWei: 11n }, idle, bid, dearer)).toContain("stuck");
  });

  it("raises a fee by the tenth that nodes ask for, and to the chain's own at least", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 15n), fc.bigInt(0n, 10n ** 15n), (old, now) => {
        const raised = replacementFees(feesOf(old), feesOf(now))?.maxFeePerGasWei;
        if (raised === undefined) expect(old * 9n + 8n > now * 32n).toBe(true);
        else expect(raised * 10n >= old * 11n && raised > old && raised >= now && raised <= now * 4n + 4n).toBe(true);
      }),
    );
  });

  it("raises a fee no further than four times the chain's own, which may be nothing", () => {
    for (const [now, most] of [[feesOf(1_000n), 4_000n] as const, [feesOf(0n), 4n] as const]) {
      let last = now;
      let rounds = 0;
      for (let next = replacementFees(now, now); next !== undefined; next = replacementFees(next, now)) {
        last = next;
        rounds += 1;
      }
      expect(last.maxFeePerGasWei).toBeLessThanOrEqual(most);
      expect(last.maxFeePerGasWei * 9n + 8n).toBeGreaterThan(most * 8n);
      expect(rounds).toBeLessThan(20);
    }
  });

  it("raises a tip that is high already only where the whole bid is below the chain's own", () => {
    const old = { maxFeePerGasWei: 100n, maxPriorityFeePerGasWei: 80n };
    expect(replacementFees(old, { maxFeePerGasWei: 100n, maxPriorityFeePerGasWei: 1n })).toBeUndefined();
    expect(replacementFees(old, { maxFeePerGasWei: 300n, maxPriorityFeePerGasWei: 1n })).toEqual({
      maxFeePerGasWei: 300n,
      maxPriorityFeePerGasWei: 91n,
    });
  });

  it("signs anew what a node refuses only where the chain is cheaper by an eighth", () => {
    expect(cheaperFees(feesOf(800n), feesOf(701n))).toBeUndefined();
    expect(cheaperFees(feesOf(800n), feesOf(700n))).toEqual(feesOf(700n));
    expect(cheaperFees(feesOf(0n), feesOf(0n))).toBeUndefined();
  });

  it("takes amounts as texts, and a chain's default for what is left out", () => {
    const given = policyShape.parse({ minIntervalMs: "5", dailyBudgetWei: "123456789012345678901234567890" });
    expect(policyOn(1n, given)).toEqual({
      ...DEFAULT_POLICY,
      minIntervalMs: 5n,
      dailyBudgetWei: 123456789012345678901234567890n,
    });
    expect(policyOn(31337n, {})).toEqual(DEVELOPMENT_POLICY);
    for (const wrong of [{ minIntervalMs: "-1" }, { minIntervalMs: "1e3" }, { minInterval: 1 }, { maxDelayMs: 0.5 }]) {
      expect(policyShape.safeParse(wrong).success).toBe(false);
    }
  });
});
