import { addressOf } from "@eventchain/chain";
import { checkBundle, formatBundle, parseTrustRoot, type TrustRoot } from "@eventchain/core";
import { connect, type LedgerEvent } from "@eventchain/ledger";
import type { LedgerRecord } from "@eventchain/store";
import { type VerifyReport, verifyLedger } from "@eventchain/verifier";
import { anchorDue, finaliseDue, sealBatch } from "@eventchain/workers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountCommands, deposit, freeze, streamOf, withdraw } from "../support/account-commands.ts";
import { appendOn, appendSome, signerFor, testEvent } from "../support/ledger-workers.ts";
import { CONFIRMATIONS, createWorld, type World } from "../support/worker-world.ts";

// The verifier shares no code with the writers but the hashes: what they leave behind must have no finding.

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world?.close());

async function trustRoot({ origin }: LedgerRecord): Promise<TrustRoot> {
  return parseTrustRoot({
    origin,
    owner: addressOf(world.ownerKey),
    vkeys: [signerFor(origin).vkey],
    chains: [
      {
        chainId: `${await world.chain.chainId()}`,
        genesisHash: await world.chain.genesisHash(),
        contract: world.contract,
      },
    ],
  });
}

async function verify(ledger: LedgerRecord): Promise<VerifyReport> {
  const trust = await trustRoot(ledger);
  return await verifyLedger({ database: world.database.pool, chain: world.chain, trust });
}

async function all(events: AsyncIterable<LedgerEvent>): Promise<LedgerEvent[]> {
  const list: LedgerEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

describe("what the writers leave behind has no finding", () => {
  test("at each stage", async () => {
    const ledger = await world.open();
    expect(await verify(ledger)).toMatchObject({ findings: [], size: "0" });
    await appendSome(world.store, ledger.ledgerId, 300);
    expect(await verify(ledger)).toMatchObject({ findings: [], size: "300", sealed: "0", anchored: null });
    await sealBatch(world.sealDeps(), ledger);
    expect(await verify(ledger)).toMatchObject({ findings: [], sealed: "300", anchored: null });
    await anchorDue(world.anchorDeps());
    expect(await verify(ledger)).toMatchObject({ findings: [], anchored: { size: "300" } });
    await finaliseDue(world.finaliseDeps());
    await world.node.mine(CONFIRMATIONS);
    await finaliseDue(world.finaliseDeps());
    expect(await verify(ledger)).toMatchObject({
      findings: [],
      anchored: { size: "300", final: true },
      unanchored: "0",
    });
    await appendSome(world.store, ledger.ledgerId, 5);
    expect(await verify(ledger)).toMatchObject({ findings: [], unanchored: "5" });
  });

  test("with commands, hostile names, several streams in one request, and refusals", async () => {
    const ledger = await world.open();
    const command = (id: string) => ({ id, requestHash: new Uint8Array(32) });
    const metadata = (id: string) => JSON.stringify({ actor: "ada", commandId: id });
    const odd = ["a'b\"c\\d", "🖨:printer", "\u0001\u007f", "Ａ:wide", "x".repeat(512)];
    const outcomes = await world.store.append(ledger.ledgerId, [
      {
        events: odd.map((stream) => testEvent({ stream, type: stream, tags: [stream], metadata: metadata("c-1") })),
        expected: [],
        command: command("c-1"),
      },
      {
        events: [testEvent({ metadata: metadata('c"2') })],
        expected: [{ stream: "ticket-1", version: "none" }],
        command: command('c"2'),
      },
      {
        events: [testEvent({ metadata: metadata("c-3") })],
        expected: [{ stream: "ticket-1", version: "none" }],
        command: command("c-3"),
      },
      { events: [testEvent({ metadata: metadata("c-1") })], expected: [], command: command("c-1") },
      { events: [testEvent({ tags: [], data: "{}", metadata: "{}" }), testEvent({ stream: "other" })], expected: [] },
    ]);
    expect(outcomes.map((one) => one.outcome)).toEqual(["recorded", "recorded", "conflict", "recorded", "recorded"]);
    await world.settle(ledger);
    expect(await verify(ledger)).toMatchObject({ findings: [], size: "8", anchored: { size: "8" } });
  });

  test("with commands recorded and rejected, and a rejection's event can be proven", async () => {
    const record = await world.open();
    await using connection = await connect({ database: world.database.url });
    const audited = await connection.ledger(record.origin, { commands: accountCommands, recordRejections: true });
    const silent = await connection.ledger(record.origin, { commands: accountCommands });
    const entry = { account: "a", amount: 5 };
    const receipts = [
      await audited.execute(deposit, entry, { actor: "ada", commandId: "in" }),
      await audited.execute(withdraw, { ...entry, amount: 6 }, { actor: "ada", commandId: 'too "much"' }),
      await silent.execute(withdraw, { ...entry, amount: 7 }, { actor: "ada", commandId: "unheard" }),
      await audited.execute(freeze, { account: "a" }, { actor: "ada", commandId: "not-allowed" }),
      await silent.execute(withdraw, entry, { actor: "ada" }),
    ];
    expect(receipts.map(({ status }) => status)).toEqual(["recorded", "rejected", "rejected", "rejected", "recorded"]);
    expect(await verify(record)).toMatchObject({ findings: [], size: "4", unanchored: "4" });
    await world.settle(record);
    const intact = { ok: true, trust: "given", findings: [], sealed: "4", anchored: { size: "4" }, unanchored: "0" };
    expect(await verify(record)).toMatchObject(intact);

    const rejections = await all(silent.readStream("$audit"));
    expect(rejections.map(({ position }) => position)).toEqual([2n, 3n]);
    for (const { position } of rejections) {
      const trust = await trustRoot(record);
      const report = await checkBundle(formatBundle(await silent.prove(position)), { trust });
      expect(report.checks.filter(({ ok }) => ok === false)).toEqual([]);
      expect(report.event).toMatchObject({ position: `${position}`, type: "$CommandRejected", stream: "$audit" });
    }
    const stream = await all(silent.readStream(streamOf({ account: "a" })));
    expect(stream.map(({ type }) => type)).toEqual(["Deposited", "Withdrawn"]);
  });

  test("while they go on writing, sealing and anchoring", async () => {
    const ledger = await world.open();
    const writing = appendOn(world.store, ledger.ledgerId, 1);
    let going = true;
    const working = (async () => {
      while (going) {
        await sealBatch(world.sealDeps(), ledger);
        await anchorDue(world.anchorDeps());
        await world.node.mine(1);
        await finaliseDue(world.finaliseDeps());
      }
    })();
    for (let round = 0; round < 12; round += 1) expect((await verify(ledger)).findings).toEqual([]);
    const written = await writing.stop();
    going = false;
    await working;
    await world.settle(ledger);
    expect(await verify(ledger)).toMatchObject({ findings: [], size: `${written}`, unanchored: "0" });
  });
});
