import { addressOf } from "@eventchain/chain";
import type { LedgerRecord } from "@eventchain/store";
import { anchorDue, finaliseDue } from "@eventchain/workers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createWorld, type World } from "../support/worker-world.ts";

let world: World;
let ledger: LedgerRecord;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());
beforeEach(async () => {
  ledger = await world.open();
});

describe("a transaction that is not mined", () => {
  let other: LedgerRecord;
  beforeEach(async () => {
    other = await world.open();
    await world.node.rpc("evm_setAutomine", [false]);
  });
  afterEach(() => world.node.rpc("evm_setAutomine", [true]));
  const mineAgain = async (): Promise<void> => {
    await world.node.rpc("evm_setAutomine", [true]);
    await world.node.mine(1);
  };

  it("is replaced with a higher fee on the same nonce, and the one that is mined counts", async () => {
    await world.sealSome(ledger, 3);
    await anchorDue(world.anchorDeps());
    await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }));
    const [old, replacement] = await world.anchors(ledger);
    expect(old?.state).toBe("replaced");
    expect(replacement).toMatchObject({ state: "sent", nonce: old?.nonce, size: 3n, root: old?.root });
    const least = ((old?.maxFeePerGasWei ?? 0n) * 110n) / 100n;
    expect(replacement?.maxFeePerGasWei).toBeGreaterThan(least);
    await mineAgain();
    await world.settle(ledger);
    expect((await world.anchors(ledger)).map(({ state }) => state)).toEqual(["replaced", "final"]);
    expect(await world.anchoredSizes(ledger)).toEqual([3n]);
  });

  it("for long bids four times the chain's fees at most, and is sent again as it is from then on", async () => {
    await world.sealSome(ledger, 3);
    const before = await world.chain.fees();
    for (let round = 0; round < 25; round += 1) await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }));
    const rows = await world.anchors(ledger);
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.length).toBeLessThan(20);
    for (const { maxFeePerGasWei, maxPriorityFeePerGasWei } of rows) {
      expect(maxFeePerGasWei).toBeLessThanOrEqual(4n * before.maxFeePerGasWei);
      expect(maxPriorityFeePerGasWei).toBeLessThanOrEqual(4n * before.maxPriorityFeePerGasWei);
    }
    expect(rows.at(-1)?.state).toBe("sent");
    expect(await world.log.waiting(ledger.ledgerId)).toContain("it is not raised further");
    await mineAgain();
    await world.settle(ledger);
    expect((await world.anchors(ledger)).at(-1)?.state).toBe("final");
    expect(await world.anchoredSizes(ledger)).toEqual([3n]);
    expect(await world.log.waiting(ledger.ledgerId)).toBeNull();
  });

  it("that was replaced may still be the one that is mined", async () => {
    await world.sealSome(ledger, 3);
    await anchorDue(world.anchorDeps());
    const [old] = await world.anchors(ledger);
    // The node never gets the replacement.
    const deaf = { ...world.chain, sendRaw: () => Promise.reject(new Error("the line is cut")) };
    const report = await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }, { chain: deaf }));
    expect(report.failures.map(({ error }) => (error as Error).message)).toContain("the line is cut");
    await mineAgain();
    await world.settle(ledger);
    expect((await world.anchors(ledger)).map(({ state }) => state)).toEqual(["final", "replaced"]);
    expect((await world.anchors(ledger))[0]?.txHash).toBe(old?.txHash);
    expect(await world.anchoredSizes(ledger)).toEqual([3n]);
  });

  it("is sent again when the node has lost it", async () => {
    await world.sealSome(ledger, 3);
    await anchorDue(world.anchorDeps());
    const [sent] = await world.anchors(ledger);
    await world.node.rpc("hardhat_dropTransaction", [sent?.txHash]);
    await mineAgain();
    expect(await world.anchoredSizes(ledger)).toEqual([]);
    await world.settle(ledger);
    expect((await world.anchors(ledger)).map(({ state, txHash }) => [state, txHash])).toEqual([
      ["final", sent?.txHash],
    ]);
  });

  it("of one ledger does not hold up the others for ever, even when that ledger is halted", async () => {
    await world.sealSome(ledger, 3);
    const deaf = { ...world.chain, sendRaw: () => Promise.reject(new Error("the line is cut")) };
    await anchorDue(world.anchorDeps({}, { chain: deaf }));
    await world.log.halt(ledger.ledgerId, "guard-mismatch", "for the test");
    await world.sealSome(other, 2);
    await anchorDue(world.anchorDeps());
    await mineAgain();
    await world.settle(other);
    expect(await world.anchoredSizes(other)).toEqual([2n]);
    expect((await world.anchors(ledger))[0]?.state).toMatch(/mined|final/);
    await world.log.clearAlarm(ledger.ledgerId, "guard-mismatch");
  });

  it("whose nonce somebody else with the key used up is given up, and the head anchored anew", async () => {
    await world.sealSome(ledger, 3);
    const deaf = { ...world.chain, sendRaw: () => Promise.reject(new Error("the line is cut")) };
    await anchorDue(world.anchorDeps({}, { chain: deaf }));
    await world.anchorForeign(other, 9n);
    await mineAgain();
    await anchorDue(world.anchorDeps());
    await world.settle(ledger);
    const rows = await world.anchors(ledger);
    expect(rows.map(({ state }) => state)).toEqual(["failed", "final"]);
    expect(rows[0]?.error).toContain("was used by a transaction of somebody else");
    expect(await world.anchoredSizes(ledger)).toEqual([3n]);
  });
});

describe("a sender", () => {
  it("whose nonces have a gap fills it, and goes on", async () => {
    await world.sealSome(ledger, 3);
    const hasty = { ...world.chain, nonce: async (address: string) => (await world.chain.nonce(address)) + 1n };
    await anchorDue(world.anchorDeps({}, { chain: hasty }), { ledgerId: ledger.ledgerId });
    expect(await world.anchoredSizes(ledger)).toEqual([]);
    await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }), { ledgerId: ledger.ledgerId });
    await world.settle(ledger);
    const [late, filled] = await world.anchors(ledger);
    expect([late?.state, filled?.state]).toEqual(["replaced", "final"]);
    expect(filled?.nonce).toBe((late?.nonce ?? 0n) - 1n);
    await world.sealSome(ledger, 3);
    await world.settle(ledger);
    expect(await world.anchoredSizes(ledger)).toEqual([3n, 6n]);
    expect(await world.log.openAnchors(31337n)).toEqual([]);
  });

  it("without money waits, says so, and goes on when there is some", async () => {
    await world.sealSome(ledger, 3);
    const sender = addressOf(world.anchorKey);
    const balance = await world.node.rpc("eth_getBalance", [sender, "latest"]);
    await world.node.rpc("hardhat_setBalance", [sender, "0x0"]);
    await anchorDue(world.anchorDeps(), { ledgerId: ledger.ledgerId });
    expect(await world.log.waiting(ledger.ledgerId)).toContain("the node refuses the anchor's transaction");
    // However often it is refused, its bid is not raised: that would take more money still.
    for (let round = 0; round < 5; round += 1) {
      await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }), { ledgerId: ledger.ledgerId });
    }
    expect(await world.anchors(ledger)).toHaveLength(1);
    expect(await world.log.waiting(ledger.ledgerId)).toContain("the node refuses the anchor's transaction");
    await world.node.rpc("hardhat_setBalance", [sender, balance]);
    await world.settle(ledger);
    expect((await world.anchors(ledger)).map(({ state }) => state)).toEqual(["final"]);
    expect(await world.log.waiting(ledger.ledgerId)).toBeNull();
  });
});

describe("an anchor that the node refuses", () => {
  it("is signed anew when the chain has become cheaper", async () => {
    await world.sealSome(ledger, 3);
    const sender = addressOf(world.anchorKey);
    const balance = await world.node.rpc("eth_getBalance", [sender, "latest"]);
    const now = await world.chain.fees();
    const dear = { ...now, maxFeePerGasWei: 1_000n * now.maxFeePerGasWei };
    const before = { ...world.chain, fees: () => Promise.resolve(dear) };
    // Enough for today's fees, not for those.
    await world.node.rpc("hardhat_setBalance", [sender, `0x${(now.maxFeePerGasWei * 2_000_000n).toString(16)}`]);
    await anchorDue(world.anchorDeps({}, { chain: before }), { ledgerId: ledger.ledgerId });
    expect((await world.anchors(ledger)).map(({ state }) => state)).toEqual(["prepared"]);
    await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }), { ledgerId: ledger.ledgerId });
    await world.settle(ledger);
    const rows = await world.anchors(ledger);
    expect(rows.map(({ state }) => state)).toEqual(["replaced", "final"]);
    expect(rows[1]?.maxFeePerGasWei).toBeLessThanOrEqual(2n * now.maxFeePerGasWei);
    await world.node.rpc("hardhat_setBalance", [sender, balance]);
  });
});

describe("a new anchorer", () => {
  it("takes over from a key whose last anchor was never sent", async () => {
    await world.sealSome(ledger, 3);
    const deaf = { ...world.chain, sendRaw: () => Promise.reject(new Error("the line is cut")) };
    await anchorDue(world.anchorDeps({}, { chain: deaf }), { ledgerId: ledger.ledgerId });
    const { onchainId } = (await world.log.contracts(ledger.ledgerId)) ?? { onchainId: "" };
    const key = world.node.keys[3] as string;
    await world.chain
      .registry(world.contract)
      .setAnchorer({ ledgerId: onchainId, anchorer: addressOf(key), key: world.ownerKey });
    const report = await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }, { key }), { ledgerId: ledger.ledgerId });
    expect(report.failures).toEqual([]);
    const rows = await world.anchors(ledger);
    expect(rows.map(({ state }) => state)).toEqual(["failed", "sent"]);
    expect(rows[0]?.error).toContain("no longer the ledger's anchorer");
    await finaliseDue(world.finaliseDeps());
    expect(await world.anchoredSizes(ledger)).toEqual([3n]);
  });
});
