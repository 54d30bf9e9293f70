import { addressOf } from "@eventchain/chain";
import { bytesToHex, sha256, utf8 } from "@eventchain/core";
import type { AnchorRecord, LedgerRecord } from "@eventchain/store";
import { anchorDue, finaliseDue, sealBatch } from "@eventchain/workers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appendSome } from "../support/ledger-workers.ts";
import { CONFIRMATIONS, createWorld, type World } from "../support/worker-world.ts";

let world: World;
let ledger: LedgerRecord;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());
beforeEach(async () => {
  ledger = await world.open();
});

async function sealSome(count = 3, of: LedgerRecord = ledger): Promise<void> {
  await appendSome(world.store, of.ledgerId, count);
  while ((await sealBatch(world.sealDeps(), of)).kind === "sealed");
}

async function anchors(of: LedgerRecord = ledger): Promise<AnchorRecord[]> {
  return (await world.log.recentAnchors(of.ledgerId, 100)).toReversed();
}

async function anchoredSizes(of: LedgerRecord = ledger): Promise<bigint[]> {
  const { onchainId } = (await world.log.contracts(of.ledgerId)) ?? { onchainId: "" };
  return (await world.chain.registry(world.contract).anchors(onchainId)).map(({ size }) => size);
}

/** Looks at the test's own ledger alone: others may wait, or be in trouble. */
function anchorOwn(...input: Parameters<World["anchorDeps"]>): ReturnType<typeof anchorDue> {
  return anchorDue(world.anchorDeps(...input), { ledgerId: ledger.ledgerId });
}

async function fees(): Promise<{ maxFeePerGasWei: bigint; maxPriorityFeePerGasWei: bigint }> {
  return world.chain.fees();
}

/** What somebody with the anchoring key sends past the workers. */
async function sendForeign(of: LedgerRecord, size: bigint, consistency: Uint8Array[] = []): Promise<string> {
  const { onchainId } = (await world.log.contracts(of.ledgerId)) ?? { onchainId: "" };
  const nonce = await world.chain.nonce(addressOf(world.anchorKey));
  const root = sha256(utf8("invented"));
  const signed = world.chain.registry(world.contract).signAnchor({
    ...{ ledgerId: onchainId, size, root, consistency, nonce, fees: await fees(), key: world.anchorKey },
    chainId: 31337n,
  });
  await world.chain.sendRaw(signed.raw);
  return `0x${bytesToHex(root)}`;
}

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
    await sealSome();
    await anchorDue(world.anchorDeps());
    await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }));
    const [old, replacement] = await anchors();
    expect(old?.state).toBe("replaced");
    expect(replacement).toMatchObject({ state: "sent", nonce: old?.nonce, size: 3n, root: old?.root });
    const least = ((old?.maxFeePerGasWei ?? 0n) * 110n) / 100n;
    expect(replacement?.maxFeePerGasWei).toBeGreaterThan(least);
    await mineAgain();
    await world.settle(ledger);
    expect((await anchors()).map(({ state }) => state)).toEqual(["replaced", "final"]);
    expect(await anchoredSizes()).toEqual([3n]);
  });

  it("that was replaced may still be the one that is mined", async () => {
    await sealSome();
    await anchorDue(world.anchorDeps());
    const [old] = await anchors();
    // The node never gets the replacement.
    const deaf = { ...world.chain, sendRaw: () => Promise.reject(new Error("the line is cut")) };
    const report = await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }, { chain: deaf }));
    expect(report.failures.map(({ error }) => (error as Error).message)).toContain("the line is cut");
    await mineAgain();
    await world.settle(ledger);
    expect((await anchors()).map(({ state }) => state)).toEqual(["final", "replaced"]);
    expect((await anchors())[0]?.txHash).toBe(old?.txHash);
    expect(await anchoredSizes()).toEqual([3n]);
  });

  it("is sent again when the node has lost it", async () => {
    await sealSome();
    await anchorDue(world.anchorDeps());
    const [sent] = await anchors();
    await world.node.rpc("hardhat_dropTransaction", [sent?.txHash]);
    await mineAgain();
    expect(await anchoredSizes()).toEqual([]);
    await world.settle(ledger);
    expect((await anchors()).map(({ state, txHash }) => [state, txHash])).toEqual([["final", sent?.txHash]]);
  });

  it("of one ledger does not hold up the others for ever, even when that ledger is halted", async () => {
    await sealSome();
    const deaf = { ...world.chain, sendRaw: () => Promise.reject(new Error("the line is cut")) };
    await anchorDue(world.anchorDeps({}, { chain: deaf }));
    await world.log.halt(ledger.ledgerId, "guard-mismatch", "for the test");
    await sealSome(2, other);
    await anchorDue(world.anchorDeps());
    await mineAgain();
    await world.settle(other);
    expect(await anchoredSizes(other)).toEqual([2n]);
    expect((await anchors())[0]?.state).toMatch(/mined|final/);
    await world.log.clearAlarm(ledger.ledgerId, "guard-mismatch");
  });

  it("whose nonce somebody else with the key used up is given up, and the head anchored anew", async () => {
    await sealSome();
    const deaf = { ...world.chain, sendRaw: () => Promise.reject(new Error("the line is cut")) };
    await anchorDue(world.anchorDeps({}, { chain: deaf }));
    await sendForeign(other, 9n);
    await mineAgain();
    await anchorDue(world.anchorDeps());
    await world.settle(ledger);
    const rows = await anchors();
    expect(rows.map(({ state }) => state)).toEqual(["failed", "final"]);
    expect(rows[0]?.error).toContain("was used by a transaction of somebody else");
    expect(await anchoredSizes()).toEqual([3n]);
  });
});

describe("a contract that does not say what the ledger says", () => {
  it("with a greater head: halts the ledger, appends too", async () => {
    await sealSome();
    await sendForeign(ledger, 1000n);
    const report = await anchorOwn();
    expect(report.failures).toMatchObject([
      { ledgerId: ledger.ledgerId, news: true, error: { code: "chain-mismatch" } },
    ]);
    expect(await world.log.alarms(ledger.ledgerId)).toMatchObject([{ code: "contract-ahead" }]);
    await expect(appendSome(world.store, ledger.ledgerId, 1)).rejects.toThrow("ledger-halted");
    expect((await anchorOwn()).failures).toEqual([]);
    expect(await world.log.waiting(ledger.ledgerId)).toContain("the contract has a head of size 1000");
  });

  it("with an invented head: an alarm, no more anchors, no crash; other ledgers go on", async () => {
    const other = await world.open();
    await sealSome(3);
    await sealSome(3, other);
    await sendForeign(ledger, 2n);
    for (let round = 0; round < 3; round += 1) {
      const report = await anchorOwn();
      expect(report.failures).toMatchObject([{ ledgerId: ledger.ledgerId, news: round === 0 }]);
    }
    expect(await world.log.alarms(ledger.ledgerId)).toMatchObject([{ code: "foreign-anchor" }]);
    expect((await world.store.findLedger(ledger.origin))?.state).toBe("open");
    expect(await anchors()).toEqual([]);
    await world.settle(other);
    expect(await world.store.watermarks(ledger.ledgerId)).toMatchObject({ anchoredSize: 0n, finalSize: 0n });
    await world.log.halt(ledger.ledgerId, "foreign-anchor", "the end of the test");
  });

  it("of tiles that were changed since: an alarm, nothing is sent", async () => {
    await sealSome();
    await world.settle(ledger);
    await sealSome();
    const client = await world.database.pool.connect();
    await client.query("begin; set local session_replication_role = replica");
    await client.query(
      "update eventchain.log_tiles set hashes = overlay(hashes placing '\\x00' from 1 for 1) where ledger_id = $1",
      [ledger.ledgerId],
    );
    await client.query("commit");
    client.release();
    const report = await anchorOwn();
    expect(report.failures).toMatchObject([{ error: { code: "tampered" } }]);
    expect(await world.log.alarms(ledger.ledgerId)).toMatchObject([{ code: "tampered" }]);
    expect(await anchoredSizes()).toEqual([3n]);
    await world.log.halt(ledger.ledgerId, "tampered", "the end of the test");
  });

  it("because its anchorer is another one: it waits, and says so", async () => {
    await sealSome();
    const { onchainId } = (await world.log.contracts(ledger.ledgerId)) ?? { onchainId: "" };
    const registry = world.chain.registry(world.contract);
    const other = addressOf(world.node.keys[3] ?? "");
    await registry.setAnchorer({ ledgerId: onchainId, anchorer: other, key: world.ownerKey });
    const report = await anchorOwn();
    expect(report.waiting).toMatchObject([{ ledgerId: ledger.ledgerId }]);
    expect(await world.log.waiting(ledger.ledgerId)).toContain(`the contract's anchorer is ${other.toLowerCase()}`);
    await registry.setAnchorer({ ledgerId: onchainId, anchorer: addressOf(world.anchorKey), key: world.ownerKey });
    await world.settle(ledger);
    expect(await world.log.waiting(ledger.ledgerId)).toBeNull();
  });

  it("because it reverts our anchor: kept with the reason, tried again later and not at once", async () => {
    await sealSome();
    const { onchainId } = (await world.log.contracts(ledger.ledgerId)) ?? { onchainId: "" };
    const registry = world.chain.registry(world.contract);
    const other = addressOf(world.node.keys[3] ?? "");
    await world.node.rpc("evm_setAutomine", [false]);
    await anchorOwn();
    await world.node.rpc("evm_setAutomine", [true]);
    const [sent] = await anchors();
    await world.node.rpc("hardhat_dropTransaction", [sent?.txHash]);
    await registry.setAnchorer({ ledgerId: onchainId, anchorer: other, key: world.ownerKey });
    await finaliseDue(world.finaliseDeps());
    await finaliseDue(world.finaliseDeps());
    const [failed] = await anchors();
    expect(failed).toMatchObject({ state: "failed", txHash: sent?.txHash });
    expect(failed?.error).toContain("reverted in block");
    await registry.setAnchorer({ ledgerId: onchainId, anchorer: addressOf(world.anchorKey), key: world.ownerKey });
    const report = await anchorOwn();
    expect(report.waiting[0]?.reason).toContain("1 anchors in a row failed");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await world.settle(ledger);
    expect((await anchors()).map(({ state }) => state)).toEqual(["failed", "final"]);
  });
});

describe("a new anchorer", () => {
  it("takes over from a key whose last anchor was never sent", async () => {
    await sealSome();
    const deaf = { ...world.chain, sendRaw: () => Promise.reject(new Error("the line is cut")) };
    await anchorDue(world.anchorDeps({}, { chain: deaf }), { ledgerId: ledger.ledgerId });
    const { onchainId } = (await world.log.contracts(ledger.ledgerId)) ?? { onchainId: "" };
    const key = world.node.keys[3] as string;
    await world.chain
      .registry(world.contract)
      .setAnchorer({ ledgerId: onchainId, anchorer: addressOf(key), key: world.ownerKey });
    const report = await anchorDue(world.anchorDeps({ replaceAfterMs: 0n }, { key }), { ledgerId: ledger.ledgerId });
    expect(report.failures).toEqual([]);
    const rows = await anchors();
    expect(rows.map(({ state }) => state)).toEqual(["failed", "sent"]);
    expect(rows[0]?.error).toContain("no longer the ledger's anchorer");
    await finaliseDue(world.finaliseDeps());
    expect(await anchoredSizes()).toEqual([3n]);
  });
});

describe("the policy", () => {
  it("keeps to its interval, fee and budget, and says why it waits", async () => {
    await sealSome();
    const { maxFeePerGasWei } = await fees();
    const dear = await anchorOwn({ maxFeePerGasWei: maxFeePerGasWei - 1n });
    expect(dear.waiting[0]?.reason).toContain("(maxFeePerGasWei)");
    expect(await world.log.waiting(ledger.ledgerId)).toBe(dear.waiting[0]?.reason);
    const poor = await anchorOwn({ dailyBudgetWei: 1n });
    expect(poor.waiting[0]?.reason).toContain("(dailyBudgetWei)");
    expect(await anchors()).toEqual([]);
    const late = await anchorOwn({ maxFeePerGasWei: maxFeePerGasWei - 1n, maxDelayMs: 0n });
    expect(late.anchored).toHaveLength(1);
    expect(await world.log.waiting(ledger.ledgerId)).toBeNull();
    await world.settle(ledger);
    await sealSome();
    const soon = await anchorOwn({ minIntervalMs: 60_000n });
    expect(soon.waiting[0]?.reason).toContain("(minIntervalMs)");
    await world.settle(ledger);
    expect(await anchoredSizes()).toEqual([3n, 6n]);
  });

  it("is told to people even where the node is away or of another chain", async () => {
    await sealSome();
    const identity = await world.chain.identity();
    const elsewhere = {
      ...world.chain,
      identity: () => Promise.resolve({ ...identity, genesisHash: `0x${"1".repeat(64)}` }),
    };
    const report = await anchorOwn({}, { chain: elsewhere });
    expect(report.failures).toMatchObject([{ error: { code: "chain-mismatch" } }]);
    expect(await world.log.waiting(ledger.ledgerId)).toContain("the node at hand is of another chain");
    expect(await anchors()).toEqual([]);
    await world.settle(ledger);
    await world.node.mine(CONFIRMATIONS);
  });
});
