import { addressOf } from "@eventchain/chain";
import { checkBundle, formatBundle, type TrustRoot } from "@eventchain/core";
import { type Connection, connect } from "@eventchain/ledger";
import { sealBatch } from "@eventchain/workers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signerFor } from "../support/ledger-workers.ts";
import { CONFIRMATIONS, createWorld, type World } from "../support/worker-world.ts";

let world: World;
let connection: Connection;
let trust: TrustRoot;
beforeAll(async () => {
  world = await createWorld();
  await world.open("chain.test");
  connection = await connect({ database: world.database.pool });
  trust = {
    origin: "chain.test",
    owner: addressOf(world.ownerKey).toLowerCase(),
    vkeys: [signerFor("chain.test").vkey],
    chains: [
      {
        chainId: await world.chain.chainId(),
        genesisHash: await world.chain.genesisHash(),
        contract: world.contract.toLowerCase(),
      },
    ],
  };
});
afterAll(async () => {
  await connection?.close();
  await world?.close();
});

test("a receipt becomes final by an anchor that the chain has, and its proof holds against that chain", async () => {
  const record = await world.store.findLedger("chain.test");
  if (record === undefined) throw new Error("no ledger");
  const ledger = await connection.ledger("chain.test");
  const event = { type: "TicketOpened", data: { title: "No sound" } };
  const first = await ledger.append("ticket-1", event, { actor: "ann" });
  const waiting = first.final();
  await world.settle(record);
  const { anchor } = await waiting;
  expect(await world.chain.receipt(anchor.txHash)).toMatchObject({
    kind: "mined",
    succeeded: true,
    blockNumber: anchor.blockNumber,
    blockHash: anchor.blockHash,
    anchored: [{ size: anchor.size, root: anchor.root }],
  });
  // Two checkpoints with one anchor: what the first one covers needs a proof of consistency.
  for (let checkpoint = 0; checkpoint < 2; checkpoint++) {
    await Promise.all(Array.from({ length: 150 }, () => ledger.append("ticket-2", event)));
    await sealBatch(world.sealDeps(), record);
  }
  await world.settle(record);

  for (const position of [1n, 2n, 151n, 152n, 256n, 257n, 301n]) {
    const bundle = await ledger.prove(position);
    expect((bundle.anchor?.consistency.length ?? 0) > 0).toBe(position > 1n && position <= 151n);
    const text = formatBundle(bundle);
    const report = await checkBundle(text, { trust, chain: world.chain, confirmations: CONFIRMATIONS });
    expect(report.checks.map(({ name, ok }) => `${name}: ${ok}`)).toEqual(
      report.checks.map(({ name }) => `${name}: true`),
    );
    expect(report).toMatchObject({ ok: true, trust: "given" });
  }
  const status = await ledger.status();
  expect(status).toMatchObject({ size: 301n, sealed: 301n, anchored: 301n, final: 301n, waiting: null });
  expect(status.anchors.map(({ size, state }) => [size, state])).toEqual([
    [301n, "final"],
    [1n, "final"],
  ]);
});
