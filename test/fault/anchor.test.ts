import { addressOf, type Chain } from "@eventchain/chain";
import { bytesToHex, LedgerError, leafHash, rootOf } from "@eventchain/core";
import type { AnchorState, LedgerRecord } from "@eventchain/store";
import { anchorDue, finaliseDue, sealBatch } from "@eventchain/workers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  appendSome,
  asAdministrator,
  type Fault,
  failing,
  faultModes,
  InjectedFault,
} from "../support/ledger-workers.ts";
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

async function seal(of: LedgerRecord = ledger): Promise<void> {
  while ((await sealBatch(world.sealDeps(), of)).kind === "sealed");
}

async function onchainId(of: LedgerRecord): Promise<string> {
  return (await world.log.contracts(of.ledgerId))?.onchainId ?? "";
}

/** The states of a ledger's anchors, oldest first. */
async function states(of: LedgerRecord = ledger): Promise<AnchorState[]> {
  return (await world.log.recentAnchors(of.ledgerId, 100)).toReversed().map(({ state }) => state);
}

/** Everything final, each size anchored once, the nonces of the key without a gap, the roots those of the events. */
async function expectFinalOnce(of: LedgerRecord, sizes: bigint[]): Promise<void> {
  const logs = await world.chain.registry(world.contract).anchors(await onchainId(of));
  expect(logs.map(({ size }) => size)).toEqual(sizes);
  const leaves: Uint8Array[] = [];
  for await (const event of world.store.readAll(of.ledgerId)) leaves.push(leafHash(event.hash));
  for (const log of logs) expect(log.root).toBe(`0x${bytesToHex(rootOf(leaves.slice(0, Number(log.size))))}`);
  const final = (await world.log.recentAnchors(of.ledgerId, 100)).filter(({ state }) => state === "final").toReversed();
  expect(final.map(({ txHash, size }) => [txHash, size])).toEqual(logs.map(({ txHash, size }) => [txHash, size]));
  const newest = sizes.at(-1) ?? 0n;
  expect(await world.store.watermarks(of.ledgerId)).toMatchObject({ anchoredSize: newest, finalSize: newest });
  const sender = addressOf(world.anchorKey).toLowerCase();
  const used = await world.chain.nonce(sender);
  const { rows } = await world.database.pool.query<{ nonce: string }>(
    "select a.nonce::text from eventchain.anchors a where a.state in ('final', 'mined') and a.nonce >= 0 order by a.nonce",
  );
  const failed = await world.database.pool.query(
    "select from eventchain.anchors a where a.block_number is not null and a.state = 'failed'",
  );
  expect(BigInt(rows.length + (failed.rowCount ?? 0))).toBe(used);
  expect(new Set(rows.map((row) => row.nonce)).size).toBe(rows.length);
  expect(await world.log.openAnchors(31337n)).toEqual([]);
}

/** Runs the stages once with a port that fails once, and lets neither throw what was not injected. */
async function runOnce(parts: { log?: World["log"]; chain?: Chain }): Promise<void> {
  const { failures } = await anchorDue(world.anchorDeps({}, parts)).catch(injected);
  expectInjected(failures);
  await world.node.mine(CONFIRMATIONS);
  for (let round = 0; round < 2; round += 1) {
    const report = await finaliseDue(world.finaliseDeps(parts)).catch(injected);
    expectInjected(report.failures);
  }
}

function injected(error: unknown): { failures: { error: unknown }[] } {
  if (!(error instanceof InjectedFault)) throw error;
  return { failures: [] };
}

function expectInjected(failures: readonly { error: unknown }[]): void {
  for (const { error } of failures) expect(error).toBeInstanceOf(InjectedFault);
}

describe("a step of an anchor", () => {
  const logSteps = ["prepareAnchor", "markSent", "markMined", "markFinal", "noteWaiting"] as const;

  it.each(logSteps.flatMap((step) => faultModes.map((mode) => [step, mode] as const)))(
    "%s that fails %s it is stored: a restart makes everything final, once",
    async (step, mode) => {
      await appendSome(world.store, ledger.ledgerId, 3);
      await world.settle(ledger);
      await appendSome(world.store, ledger.ledgerId, 4);
      await seal();
      const fault: Fault = { fired: false };
      await runOnce({ log: failing(world.log, step, mode, fault) });
      expect(fault.fired).toBe(true);
      await appendSome(world.store, ledger.ledgerId, 1);
      await world.settle(ledger);
      // What was never stored was never sent: the next head stands for it.
      await expectFinalOnce(ledger, step === "prepareAnchor" && mode === "before" ? [3n, 8n] : [3n, 7n, 8n]);
    },
  );

  it.each(faultModes)("sending that fails %s the node has it: a restart sends the same bytes", async (mode) => {
    await appendSome(world.store, ledger.ledgerId, 3);
    await seal();
    const fault: Fault = { fired: false };
    const down = { ...world.chain, sendRaw: failing(world.chain, "sendRaw", mode, fault).sendRaw };
    await runOnce({ chain: down });
    expect(fault.fired).toBe(true);
    await world.settle(ledger);
    await expectFinalOnce(ledger, [3n]);
    expect(await states()).toEqual(["final"]);
  });

  it.each(["identity", "nonce", "receipt", "block", "isDeepEnough", "fees"] as const)(
    "a node that does not answer %s is asked again",
    async (method) => {
      await appendSome(world.store, ledger.ledgerId, 3);
      await seal();
      const unavailable = (): Promise<never> => Promise.reject(new LedgerError("chain-unavailable", "no answer"));
      const chain: Chain = { ...world.chain, [method]: unavailable };
      const expectUnavailable = (error: LedgerError): void => expect(error.code).toBe("chain-unavailable");
      await anchorDue(world.anchorDeps({}, { chain })).catch(expectUnavailable);
      if (method === "identity" || method === "fees") {
        expect(await world.log.waiting(ledger.ledgerId)).toBe("no answer");
      }
      await anchorDue(world.anchorDeps({}, { chain })).catch(expectUnavailable);
      await finaliseDue(world.finaliseDeps({ chain })).catch(expectUnavailable);
      await world.settle(ledger);
      await expectFinalOnce(ledger, [3n]);
      expect(await world.log.waiting(ledger.ledgerId)).toBeNull();
    },
  );

  it("two workers at once anchor each head once", async () => {
    const other = await world.open();
    for (const { ledgerId } of [ledger, other]) await appendSome(world.store, ledgerId, 3);
    await seal();
    await seal(other);
    const runs = await Promise.all([1, 2, 3, 4].map(() => anchorDue(world.anchorDeps())));
    expect(runs.flatMap((run) => run.anchored)).toHaveLength(2);
    expect(runs.flatMap((run) => run.failures)).toEqual([]);
    await world.node.mine(CONFIRMATIONS);
    await Promise.all([1, 2, 3, 4].map(() => finaliseDue(world.finaliseDeps())));
    await expectFinalOnce(ledger, [3n]);
    await expectFinalOnce(other, [3n]);
  });

  it("a row that was lost is found again on chain", async () => {
    await appendSome(world.store, ledger.ledgerId, 3);
    await seal();
    await anchorDue(world.anchorDeps());
    const [sent] = await world.log.recentAnchors(ledger.ledgerId, 1);
    await asAdministrator(world.database.pool, ledger.ledgerId, "delete from eventchain.anchors where ledger_id = $1");
    await world.settle(ledger);
    const [found] = await world.log.recentAnchors(ledger.ledgerId, 1);
    expect(found).toMatchObject({ state: "final", txHash: sent?.txHash, nonce: -1n, size: 3n });
    await appendSome(world.store, ledger.ledgerId, 1);
    await world.settle(ledger);
    expect(await world.store.watermarks(ledger.ledgerId)).toMatchObject({ finalSize: 4n });
    await asAdministrator(
      world.database.pool,
      ledger.ledgerId,
      "update eventchain.anchors set nonce = (select max(nonce) from eventchain.anchors) - 1 where ledger_id = $1 and nonce = -1",
    );
  });
});
