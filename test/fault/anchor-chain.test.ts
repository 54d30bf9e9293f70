import { addressOf, type Chain } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type { LedgerRecord } from "@eventchain/store";
import { anchorDue, finaliseDue } from "@eventchain/workers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appendSome, asAdministrator } from "../support/ledger-workers.ts";
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

/** Looks at the test's own ledger alone: others may wait, or be in trouble. */
function anchorOwn(...input: Parameters<World["anchorDeps"]>): ReturnType<typeof anchorDue> {
  return anchorDue(world.anchorDeps(...input), { ledgerId: ledger.ledgerId });
}

describe("a contract that does not say what the ledger says", () => {
  it("with a greater head: halts the ledger, appends too", async () => {
    await world.sealSome(ledger, 3);
    await world.anchorForeign(ledger, 1000n);
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
    await world.sealSome(ledger, 3);
    await world.sealSome(other, 3);
    await world.anchorForeign(ledger, 2n);
    for (let round = 0; round < 3; round += 1) {
      const report = await anchorOwn();
      expect(report.failures).toMatchObject([{ ledgerId: ledger.ledgerId, news: round === 0 }]);
    }
    expect(await world.log.alarms(ledger.ledgerId)).toMatchObject([{ code: "foreign-anchor" }]);
    expect((await world.store.findLedger(ledger.origin))?.state).toBe("open");
    expect(await world.anchors(ledger)).toEqual([]);
    await world.settle(other);
    expect(await world.store.watermarks(ledger.ledgerId)).toMatchObject({ anchoredSize: 0n, finalSize: 0n });
    await world.log.halt(ledger.ledgerId, "foreign-anchor", "the end of the test");
  });

  it("of tiles that were changed since: an alarm, nothing is sent", async () => {
    await world.sealSome(ledger, 3);
    await world.settle(ledger);
    await world.sealSome(ledger, 3);
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
    expect(await world.anchoredSizes(ledger)).toEqual([3n]);
    await world.log.halt(ledger.ledgerId, "tampered", "the end of the test");
  });

  it("because its anchorer is another one: it waits, and says so", async () => {
    await world.sealSome(ledger, 3);
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
    await world.sealSome(ledger, 3);
    const { onchainId } = (await world.log.contracts(ledger.ledgerId)) ?? { onchainId: "" };
    const registry = world.chain.registry(world.contract);
    const other = addressOf(world.node.keys[3] ?? "");
    await world.node.rpc("evm_setAutomine", [false]);
    await anchorOwn();
    await world.node.rpc("evm_setAutomine", [true]);
    const [sent] = await world.anchors(ledger);
    await world.node.rpc("hardhat_dropTransaction", [sent?.txHash]);
    await registry.setAnchorer({ ledgerId: onchainId, anchorer: other, key: world.ownerKey });
    await finaliseDue(world.finaliseDeps());
    await finaliseDue(world.finaliseDeps());
    const [failed] = await world.anchors(ledger);
    expect(failed).toMatchObject({ state: "failed", txHash: sent?.txHash });
    expect(failed?.error).toContain("reverted in block");
    await registry.setAnchorer({ ledgerId: onchainId, anchorer: addressOf(world.anchorKey), key: world.ownerKey });
    const report = await anchorOwn();
    expect(report.waiting[0]?.reason).toContain("1 anchors in a row failed");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await world.settle(ledger);
    expect((await world.anchors(ledger)).map(({ state }) => state)).toEqual(["failed", "final"]);
  });
});

describe("a node that refuses what one ledger asks", () => {
  it("stops neither the others nor the ledger's own next anchor", async () => {
    const other = await world.open();
    await world.sealSome(ledger, 3);
    await world.settle(ledger);
    await asAdministrator(world.database.pool, ledger.ledgerId, "delete from eventchain.anchors where ledger_id = $1");
    await world.sealSome(ledger, 2);
    await world.sealSome(other, 2);
    const refused = new LedgerError("chain-unavailable", "pruned history", { values: { answered: true } });
    const registry: Chain["registry"] = (contract) => ({
      ...world.chain.registry(contract),
      anchors: () => Promise.reject(refused),
    });
    const report = await anchorDue(world.anchorDeps({}, { chain: { ...world.chain, registry } }));
    expect(report.anchored.map(({ ledgerId, size }) => [ledgerId, size])).toEqual([
      [ledger.ledgerId, 5n],
      [other.ledgerId, 2n],
    ]);
    expect(report.failures).toMatchObject([{ ledgerId: ledger.ledgerId, error: refused }]);
    await world.settle(ledger, other);
    expect(await world.anchoredSizes(ledger)).toEqual([3n, 5n]);
    expect(await world.anchoredSizes(other)).toEqual([2n]);
  });

  it("is asked again where the anchor on chain is the newest, and says what it waits for", async () => {
    await world.sealSome(ledger, 3);
    await anchorOwn();
    await asAdministrator(world.database.pool, ledger.ledgerId, "delete from eventchain.anchors where ledger_id = $1");
    const refused = new LedgerError("chain-unavailable", "pruned history", { values: { answered: true } });
    const registry: Chain["registry"] = (contract) => ({
      ...world.chain.registry(contract),
      anchors: () => Promise.reject(refused),
    });
    const report = await anchorOwn({}, { chain: { ...world.chain, registry } });
    expect(report.waiting).toMatchObject([{ ledgerId: ledger.ledgerId }]);
    expect(await world.log.waiting(ledger.ledgerId)).toContain("its transaction was not found");
    await world.settle(ledger);
    expect(await world.anchoredSizes(ledger)).toEqual([3n]);
  });
});

describe("the policy", () => {
  it("keeps to its interval, fee and budget, and says why it waits", async () => {
    await world.sealSome(ledger, 3);
    const { maxFeePerGasWei } = await world.chain.fees();
    const dear = await anchorOwn({ maxFeePerGasWei: maxFeePerGasWei - 1n });
    expect(dear.waiting[0]?.reason).toContain("(maxFeePerGasWei)");
    expect(await world.log.waiting(ledger.ledgerId)).toBe(dear.waiting[0]?.reason);
    const poor = await anchorOwn({ dailyBudgetWei: 1n });
    expect(poor.waiting[0]?.reason).toContain("(dailyBudgetWei)");
    expect(await world.anchors(ledger)).toEqual([]);
    const late = await anchorOwn({ maxFeePerGasWei: maxFeePerGasWei - 1n, maxDelayMs: 0n });
    expect(late.anchored).toHaveLength(1);
    expect(await world.log.waiting(ledger.ledgerId)).toBeNull();
    await world.settle(ledger);
    await world.sealSome(ledger, 3);
    const soon = await anchorOwn({ minIntervalMs: 60_000n });
    expect(soon.waiting[0]?.reason).toContain("(minIntervalMs)");
    await world.settle(ledger);
    expect(await world.anchoredSizes(ledger)).toEqual([3n, 6n]);
  });

  it("is told to people even where the node is away or of another chain", async () => {
    await world.sealSome(ledger, 3);
    const identity = await world.chain.identity();
    const elsewhere = {
      ...world.chain,
      identity: () => Promise.resolve({ ...identity, genesisHash: `0x${"1".repeat(64)}` }),
    };
    const report = await anchorOwn({}, { chain: elsewhere });
    expect(report.failures).toMatchObject([{ error: { code: "chain-mismatch" } }]);
    expect(await world.log.waiting(ledger.ledgerId)).toContain("the node at hand is of another chain");
    expect(await world.anchors(ledger)).toEqual([]);
    await world.settle(ledger);
    await world.node.mine(CONFIRMATIONS);
  });
});
