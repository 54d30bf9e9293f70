import { describe, expect, test } from "vitest";
import { LedgerError } from "../errors.ts";
import { checkBundle } from "./check-bundle.ts";
import { chainOf, makeBundle, outcome, owner, trust } from "./make-bundle.fixture.ts";
import type { ProofBundle } from "./proof-bundle.ts";
import type { FoundAnchor } from "./witness.ts";

const bundle = makeBundle();
const anchor = bundle.anchor as NonNullable<ProofBundle["anchor"]>;

describe("the chain's answer", () => {
  const ask = async (bend: Partial<FoundAnchor>, options: object = {}) =>
    checkBundle(bundle, { trust, chain: chainOf(bundle, bend), ...options });

  test.each<[string, Partial<FoundAnchor>]>([
    ["another size", { size: 21n }],
    ["another root", { root: `0x${"00".repeat(32)}` }],
    ["another epoch", { epoch: 1n }],
    ["another block", { blockNumber: 89n }],
    ["another block's hash", { blockHash: `0x${"00".repeat(32)}` }],
  ])("that differs by %s is no", async (_, bend) => {
    expect(outcome(await ask(bend)).failed).toEqual(["anchor-on-chain"]);
  });

  test("that there is no such anchor is no", async () => {
    const chain = { ...chainOf(bundle), anchored: async () => ({ kind: "not-found" as const }) };
    expect(outcome(await checkBundle(bundle, { trust, chain })).failed).toEqual(["anchor-on-chain"]);
  });

  test("that the contract is in a newer epoch is: superseded since", async () => {
    const head = async () => ({ epoch: 1n, size: 30n, root: anchor.root, timeSeconds: 1n, anchorer: owner, owner });
    const report = await checkBundle(bundle, { trust, chain: { ...chainOf(bundle), head } });
    expect(report.ok).toBe(false);
    expect(report.checks.at(-1)?.detail).toMatch(/^superseded since/);
  });

  test("that it does not know the ledger is no", async () => {
    const chain = { ...chainOf(bundle), head: async () => ({ kind: "not-opened" as const }) };
    expect(outcome(await checkBundle(bundle, { trust, chain })).failed).toEqual(["anchor-on-chain"]);
  });

  test("that the block is not deep enough leaves it open", async () => {
    const shallow = { confirmations: 1n, finalized: false };
    expect(outcome(await ask(shallow))).toEqual({ failed: [], open: ["anchor-on-chain"] });
    expect(outcome(await ask(shallow, { confirmations: 2 })).open).toEqual(["anchor-on-chain"]);
    expect(outcome(await ask(shallow, { confirmations: 1 })).open).toEqual([]);
  });

  test("from another chain leaves it open", async () => {
    const identity = async () => ({ chainId: 31337n, genesisHash: `0x${"00".repeat(32)}` });
    const report = await checkBundle(bundle, { trust, chain: { ...chainOf(bundle), identity } });
    expect(outcome(report)).toEqual({ failed: [], open: ["anchor-on-chain"] });
  });

  test("that never comes is not no", async () => {
    for (const method of ["identity", "anchored", "head"] as const) {
      const silent = async () => {
        throw new LedgerError("chain-unavailable", "no answer");
      };
      const report = await checkBundle(bundle, { trust, chain: { ...chainOf(bundle), [method]: silent } });
      expect(report.ok).toBe(true);
      expect(outcome(report)).toEqual({ failed: [], open: ["anchor-on-chain"] });
    }
  });

  test("that breaks in another way is not hidden", async () => {
    const identity = async () => {
      throw new TypeError("a bug");
    };
    await expect(checkBundle(bundle, { chain: { ...chainOf(bundle), identity } })).rejects.toThrow("a bug");
  });
});
