import { bytesToHex, leafHash, openNote, parseCheckpoint, rootOf } from "@eventchain/core";
import { FINAL_CHANNEL, type LedgerRecord, SEALED_CHANNEL } from "@eventchain/store";
import { verifyLedger } from "@eventchain/verifier";
import { anchorDue, finaliseDue, sealBatch } from "@eventchain/workers";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appendSome, signerFor } from "../support/ledger-workers.ts";
import { CONFIRMATIONS, createWorld, type World } from "../support/worker-world.ts";

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

async function recomputedRoot(ledger: LedgerRecord, size: bigint): Promise<string> {
  const leaves: Uint8Array[] = [];
  for await (const event of world.store.readAll(ledger.ledgerId, { to: size })) leaves.push(leafHash(event.hash));
  return `0x${bytesToHex(rootOf(leaves))}`;
}

async function headOf(ledger: LedgerRecord): Promise<{ size: bigint; root: string }> {
  const contract = await world.log.contracts(ledger.ledgerId);
  const head = await world.chain.registry(world.contract).head(contract?.onchainId ?? "");
  if ("kind" in head) throw new Error("the ledger is not opened");
  return { size: head.size, root: head.root };
}

/** The verifier's word, from reads of its own: the last line of each test. */
async function expectIntact({ origin }: LedgerRecord, size: bigint): Promise<void> {
  const finality = { kind: "confirmations", count: CONFIRMATIONS } as const;
  const report = await verifyLedger({ database: world.database.pool, ledger: origin, chain: world.chain, finality });
  expect(report).toMatchObject({ ok: true, findings: [], size: size.toString(), unanchored: "0" });
  expect(report.anchored).toMatchObject({ size: size.toString(), final: true });
}

describe("from append to final", () => {
  it("moves each watermark in its turn, and tells those who listen", async () => {
    const ledger = await world.open();
    const { ledgerId } = ledger;
    const listener = new pg.Client({ connectionString: world.database.url });
    const heard: string[] = [];
    await listener.connect();
    listener.on("notification", ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    await listener.query(`listen ${SEALED_CHANNEL}; listen ${FINAL_CHANNEL}`);

    await appendSome(world.store, ledgerId, 3);
    expect(await world.log.dueToSeal()).toEqual([ledgerId]);
    expect(await world.store.watermarks(ledgerId)).toEqual({ sealedSize: 0n, anchoredSize: 0n, finalSize: 0n });

    const sealed = await sealBatch(world.sealDeps(), { ledgerId });
    expect(sealed).toMatchObject({ kind: "sealed", fromSize: 0n, size: 3n, more: false });
    expect(await world.store.watermarks(ledgerId)).toEqual({ sealedSize: 3n, anchoredSize: 0n, finalSize: 0n });
    expect(await world.log.dueToAnchor()).toEqual([ledgerId]);

    const first = await anchorDue(world.anchorDeps());
    expect(first).toMatchObject({ anchored: [{ ledgerId, fromSize: 0n, size: 3n, nonce: 0n }], failures: [] });
    expect(await headOf(ledger)).toEqual({ size: 3n, root: await recomputedRoot(ledger, 3n) });

    await finaliseDue(world.finaliseDeps());
    expect(await world.store.watermarks(ledgerId)).toEqual({ sealedSize: 3n, anchoredSize: 3n, finalSize: 0n });
    await world.node.mine(CONFIRMATIONS - 1);
    await finaliseDue(world.finaliseDeps());
    expect((await world.store.watermarks(ledgerId)).finalSize).toBe(0n);
    await world.node.mine(1);
    await finaliseDue(world.finaliseDeps());
    expect(await world.store.watermarks(ledgerId)).toEqual({ sealedSize: 3n, anchoredSize: 3n, finalSize: 3n });

    const [anchor] = await world.log.recentAnchors(ledgerId, 10);
    expect(anchor).toMatchObject({ state: "final", size: 3n, root: await recomputedRoot(ledger, 3n), error: null });
    expect(anchor?.feeWei).toBeGreaterThan(0n);
    const block = await world.chain.block(anchor?.blockNumber ?? 0n);
    expect(anchor).toMatchObject({ blockHash: block?.hash, blockTimeSeconds: block?.timeSeconds });
    expect(await world.log.coveringAnchor(ledgerId, 2n)).toMatchObject({ anchorId: anchor?.anchorId });
    expect(heard).toEqual([`${SEALED_CHANNEL} ${ledgerId} 3`, `${FINAL_CHANNEL} ${ledgerId} 3`]);
    await listener.end();
    await expectIntact(ledger, 3n);
  });

  it("anchors a log that grew with proofs of consistency, over the edges of tiles", async () => {
    const ledger = await world.open();
    const { ledgerId } = ledger;
    let size = 0n;
    for (const count of [1, 1, 254, 1, 300, 700]) {
      await appendSome(world.store, ledgerId, count);
      size += BigInt(count);
      await world.settle(ledger);
      expect(await headOf(ledger)).toEqual({ size, root: await recomputedRoot(ledger, size) });
    }
    const anchors = (await world.log.recentAnchors(ledgerId, 10)).toReversed();
    expect(anchors.map(({ fromSize, size }) => [fromSize, size])).toEqual([
      [0n, 1n],
      [1n, 2n],
      [2n, 256n],
      [256n, 257n],
      [257n, 557n],
      [557n, 1257n],
    ]);
    const { onchainId } = (await world.log.contracts(ledgerId)) ?? { onchainId: "" };
    const logs = await world.chain.registry(world.contract).anchors(onchainId);
    expect(logs.map((log) => log.txHash)).toEqual(anchors.map((anchor) => anchor.txHash));
    const checkpoint = await world.log.checkpoint(ledgerId, { atLeast: 200n });
    expect(checkpoint?.size).toBe(256n);
    expect(parseCheckpoint(openNote(checkpoint?.note ?? "", [signerFor(ledger.origin).vkey]).text).size).toBe(256n);
    await expectIntact(ledger, 1257n);
  });

  it("serves several ledgers with one key, nonces without a gap", async () => {
    const before = BigInt((await world.chain.nonce((await senderOf()) ?? "")).toString());
    const ledgers = [await world.open(), await world.open(), await world.open()];
    for (const { ledgerId } of ledgers) await appendSome(world.store, ledgerId, 5);
    await world.settle(...ledgers);
    for (const { ledgerId } of ledgers) await appendSome(world.store, ledgerId, 5);
    await world.settle(...ledgers);
    const { rows } = await world.database.pool.query<{ nonce: string }>(
      "select a.nonce::text from eventchain.anchors a where a.ledger_id = any($1) order by a.nonce",
      [ledgers.map(({ ledgerId }) => ledgerId)],
    );
    expect(rows.map((row) => BigInt(row.nonce) - before)).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
    for (const ledger of ledgers) await expectIntact(ledger, 10n);
  });

  it("opens a ledger once, however often it is asked", async () => {
    const ledger = await world.open("again.test");
    expect(await world.open("again.test")).toEqual(ledger);
    const opened = await world.chain.registry(world.contract).opened();
    expect(opened.filter(({ origin }) => origin === "again.test")).toHaveLength(1);
  });

  it("takes a batch of 65,536 events at most", async () => {
    const ledger = await world.open();
    await world.database.pool.query("set synchronous_commit = off");
    await appendSome(world.store, ledger.ledgerId, 66_000);
    const deps = world.sealDeps();
    expect(await sealBatch(deps, ledger)).toMatchObject({ size: 65_536n, more: true });
    expect(await sealBatch(deps, ledger)).toMatchObject({ fromSize: 65_536n, size: 66_000n, more: false });
    const checkpoint = await world.log.checkpoint(ledger.ledgerId);
    expect(`0x${bytesToHex(checkpoint?.root ?? new Uint8Array(0))}`).toBe(await recomputedRoot(ledger, 66_000n));
    await world.settle(ledger);
    await expectIntact(ledger, 66_000n);
  });
});

async function senderOf(): Promise<string | undefined> {
  const { rows } = await world.database.pool.query<{ sender: Buffer }>("select sender from eventchain.anchors limit 1");
  return rows[0] === undefined ? undefined : `0x${rows[0].sender.toString("hex")}`;
}
