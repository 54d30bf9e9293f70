import { addressOf } from "@eventchain/chain";
import type { AnchorRecord, LedgerRecord } from "@eventchain/store";
import { anchorDue, finaliseDue, sealBatch } from "@eventchain/workers";
import { Wallet } from "ethers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appendSome, type Fault, failing, faultModes, InjectedFault } from "../support/ledger-workers.ts";
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

async function anchorSome(count: number): Promise<void> {
  await appendSome(world.store, ledger.ledgerId, count);
  while ((await sealBatch(world.sealDeps(), ledger)).kind === "sealed");
  await anchorDue(world.anchorDeps());
  await finaliseDue(world.finaliseDeps());
}

async function anchors(): Promise<AnchorRecord[]> {
  return (await world.log.recentAnchors(ledger.ledgerId, 100)).toReversed();
}

async function anchoredSizes(): Promise<bigint[]> {
  const { onchainId } = (await world.log.contracts(ledger.ledgerId)) ?? { onchainId: "" };
  return (await world.chain.registry(world.contract).anchors(onchainId)).map(({ size }) => size);
}

/** Spends the anchorer's next nonce on something that anchors nothing. */
async function useNonce(): Promise<void> {
  const wallet = new Wallet(world.anchorKey);
  const nonce = Number(await world.chain.nonce(wallet.address));
  const fees = { maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n };
  const to = addressOf(world.ownerKey);
  const raw = await wallet.signTransaction({ to, nonce, chainId: 31337n, gasLimit: 21_000n, type: 2, ...fees });
  await world.node.rpc("eth_sendRawTransaction", [raw]);
}

/** Takes the chain back to where `takeBack` was called, then lets other blocks stand there. */
async function snapshot(): Promise<(otherBlocks: number) => Promise<void>> {
  const id = await world.node.rpc("evm_snapshot");
  return async (otherBlocks) => {
    await world.node.rpc("evm_revert", [id]);
    if (otherBlocks === 0) return;
    // Empty blocks with other times have other hashes.
    await world.node.rpc("evm_increaseTime", ["0x64"]);
    await world.node.mine(otherBlocks);
  };
}

describe("a reorganisation", () => {
  it("takes mined anchors back, and the same bytes make them final after all", async () => {
    await anchorSome(3);
    await world.settle(ledger);
    const takeBack = await snapshot();
    await anchorSome(2);
    await anchorSome(2);
    const before = await anchors();
    expect(before.map(({ state }) => state)).toEqual(["final", "mined", "mined"]);
    expect(await world.store.watermarks(ledger.ledgerId)).toMatchObject({ anchoredSize: 7n, finalSize: 3n });

    await takeBack(3);
    const report = await finaliseDue(world.finaliseDeps());
    expect(report.checked.map(({ depth }) => depth)).toEqual(["reorged", "reorged"]);
    expect(await world.store.watermarks(ledger.ledgerId)).toEqual({ sealedSize: 7n, anchoredSize: 3n, finalSize: 3n });
    const reorged = await anchors();
    expect(reorged[1]).toMatchObject({ blockNumber: null, blockHash: null, txHash: before[1]?.txHash });
    expect(reorged[1]?.error ?? "").toContain(before[1]?.blockHash ?? "a block");

    await world.settle(ledger);
    const after = await anchors();
    expect(after.map(({ state, txHash, nonce }) => [state, txHash, nonce])).toEqual(
      before.map(({ txHash, nonce }) => ["final", txHash, nonce]),
    );
    expect(await anchoredSizes()).toEqual([3n, 5n, 7n]);
    expect(await world.log.alarms(ledger.ledgerId)).toEqual([]);
  });

  it("that leaves a shorter chain is no answer yet; the bytes are sent again all the same", async () => {
    await anchorSome(3);
    await world.settle(ledger);
    await world.node.mine(1);
    const takeBack = await snapshot();
    await world.node.mine(3);
    await anchorSome(2);
    await takeBack(0);
    const report = await finaliseDue(world.finaliseDeps());
    expect(report.checked).toMatchObject([{ depth: "not-yet" }]);
    expect((await anchors()).map(({ state }) => state)).toEqual(["final", "mined"]);
    expect(await anchoredSizes()).toEqual([3n, 5n]);
    await world.settle(ledger);
    expect((await anchors()).map(({ state }) => state)).toEqual(["final", "final"]);
  });

  it("that puts the transaction into another block only moves it", async () => {
    const takeBack = await snapshot();
    await anchorSome(3);
    const [mined] = await anchors();
    await takeBack(2);
    await world.chain.sendRaw(mined?.raw ?? new Uint8Array(0));
    const report = await finaliseDue(world.finaliseDeps());
    expect(report.checked).toMatchObject([{ depth: "moved" }]);
    const [moved] = await anchors();
    expect(moved).toMatchObject({ state: "mined", txHash: mined?.txHash });
    expect(moved?.blockNumber).toBe((mined?.blockNumber ?? 0n) + 2n);
    expect(await world.store.watermarks(ledger.ledgerId)).toMatchObject({ anchoredSize: 3n });
    await world.settle(ledger);
  });

  it("of a final block is an alarm; final stays, and the anchor is made again", async () => {
    const takeBack = await snapshot();
    await anchorSome(3);
    await world.settle(ledger);
    await anchorSome(2);
    await world.settle(ledger);
    expect(await world.store.watermarks(ledger.ledgerId)).toMatchObject({ anchoredSize: 5n, finalSize: 5n });
    await takeBack(20);
    const report = await finaliseDue(world.finaliseDeps(), { recheckFinal: true });
    expect(report.failures.filter(({ news }) => news)).toHaveLength(1);
    expect(await world.log.alarms(ledger.ledgerId)).toMatchObject([{ code: "final-reorged" }]);
    expect(await world.store.watermarks(ledger.ledgerId)).toEqual({ sealedSize: 5n, anchoredSize: 5n, finalSize: 5n });
    expect((await anchors()).map(({ state }) => state)).toEqual(["reorged", "reorged"]);

    await finaliseDue(world.finaliseDeps());
    await world.node.mine(CONFIRMATIONS);
    await finaliseDue(world.finaliseDeps());
    await finaliseDue(world.finaliseDeps(), { recheckFinal: true });
    expect((await anchors()).map(({ state }) => state)).toEqual(["final", "final"]);
    expect(await anchoredSizes()).toEqual([3n, 5n]);
    expect(await world.log.alarms(ledger.ledgerId)).toMatchObject([{ code: "final-reorged" }]);
  });

  it("of a final block whose nonce is used by another transaction by now has the head anchored anew", async () => {
    const takeBack = await snapshot();
    await anchorSome(3);
    await world.settle(ledger);
    await takeBack(0);
    expect(await anchoredSizes()).toEqual([]);
    await useNonce();
    await world.node.mine(20);
    await finaliseDue(world.finaliseDeps(), { recheckFinal: true });
    expect(await world.log.alarms(ledger.ledgerId)).toMatchObject([{ code: "final-reorged" }]);
    await finaliseDue(world.finaliseDeps());
    expect((await anchors()).map(({ state }) => state)).toEqual(["failed"]);
    expect(await world.store.watermarks(ledger.ledgerId)).toEqual({ sealedSize: 3n, anchoredSize: 3n, finalSize: 3n });
    expect(await world.log.dueToAnchor()).toContain(ledger.ledgerId);
    await anchorDue(world.anchorDeps());
    await world.node.mine(CONFIRMATIONS);
    await finaliseDue(world.finaliseDeps());
    expect((await anchors()).map(({ state }) => state)).toEqual(["failed", "final"]);
    expect(await anchoredSizes()).toEqual([3n]);
    expect(await world.log.dueToAnchor()).not.toContain(ledger.ledgerId);
  });

  it.each(["markReorged", "sendRaw", "markMined"] as const)(
    "is followed to its end when %s fails in it",
    async (step) => {
      for (const mode of faultModes) {
        const takeBack = await snapshot();
        await anchorSome(3);
        const before = await anchors();
        await takeBack(2);
        const fault: Fault = { fired: false };
        const chain = {
          ...world.chain,
          sendRaw: failing(world.chain, "sendRaw", mode, step === "sendRaw" ? fault : { fired: false }).sendRaw,
        };
        const parts = step === "sendRaw" ? { chain } : { log: failing(world.log, step, mode, fault) };
        for (let round = 0; round < 3; round += 1) {
          const report = await finaliseDue(world.finaliseDeps(parts));
          for (const { error } of report.failures) expect(error).toBeInstanceOf(InjectedFault);
        }
        expect(fault.fired).toBe(true);
        await world.settle(ledger);
        const after = await anchors();
        expect(after.map(({ state, txHash }) => [state, txHash])).toEqual(
          before.map(({ txHash }) => ["final", txHash]),
        );
      }
    },
  );
});
