import { checkBundle, formatBundle, parseBundle } from "@eventchain/core";
import { type Connection, connect, type EventState, type Ledger } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let ledger: Ledger;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.url });
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
});
beforeEach(async () => {
  staged = await createStagedLedger(database.pool, `final-${++count}.test`);
  ledger = await connection.ledger(staged.origin);
});

const event = { type: "Counted", data: { n: 1 }, metadata: { actor: "ann" } };

async function append(times: number): Promise<void> {
  await Promise.all(Array.from({ length: times }, (_, n) => ledger.append(`s-${n % 5}`, event)));
}

describe("a receipt", () => {
  test("follows its events from appended to final", async () => {
    const receipt = await ledger.append("s", event, { commandId: "c-1" });
    const seen: EventState[] = [];
    const following = (async () => {
      for await (const state of receipt.progress({ timeout: 60_000 })) {
        seen.push(state);
        if (state === "appended") await staged.seal();
        if (state === "sealed") await staged.finalise(await staged.anchor());
      }
    })();
    const final = await receipt.final();
    await following;
    expect(seen[0]).toBe("appended");
    expect(seen[1]).toBe("sealed");
    expect(seen.at(-1)).toBe("final");
    expect(await receipt.state()).toBe("final");
    expect(final).toEqual({
      state: "final",
      anchor: {
        chainId: 31337n,
        contract: staged.trust.chains[0]?.contract,
        txHash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
        blockNumber: 101n,
        blockHash: `0x${"65".padStart(64, "0")}`,
        size: 1n,
        root: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      },
    });
    const found = await ledger.receipt("c-1");
    expect(found?.status === "recorded" && (await found.final())).toEqual(final);
  });

  test("a reorganisation takes it back to sealed, and it comes again", async () => {
    const receipt = await ledger.append("s", event);
    await staged.seal();
    const anchorId = await staged.anchor();
    expect(await receipt.state()).toBe("anchored");
    await staged.reorganise(anchorId);
    expect(await receipt.state()).toBe("sealed");
  });

  test("a thousand waits are one reader", async () => {
    let queries = 0;
    const counted = await connect({ database: countQueries(database.pool, () => queries++) });
    try {
      const its = await counted.ledger(staged.origin);
      const receipts = await Promise.all(Array.from({ length: 1000 }, () => its.append("s", event)));
      queries = 0;
      const waits = receipts.map((receipt) => receipt.final());
      await staged.makeFinal();
      const results = await Promise.all(waits);
      expect(new Set(results.map(({ anchor }) => anchor.size))).toEqual(new Set([1000n]));
      // One for each receipt's anchor, and the shared reader's.
      expect(queries).toBeLessThan(1300);
    } finally {
      await counted.close();
    }
  });

  test("gives up in time, when told to, and when the connection closes", async () => {
    const short = await connect({ database: database.url });
    const receipt = await (await short.ledger(staged.origin)).append("s", event);
    await expect(receipt.final({ timeout: 50 })).rejects.toMatchObject({
      code: "timeout",
      values: { position: 1n, timeoutMs: 50 },
    });
    await expect(receipt.final({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "aborted" });
    await expect(receipt.final({ timeout: -1 })).rejects.toMatchObject({ code: "invalid-argument" });
    const waiting = receipt.final();
    const refused = expect(waiting).rejects.toMatchObject({ code: "aborted" });
    await short.close();
    await refused;
  });

  test("a position ahead can be awaited", async () => {
    const waiting = ledger.awaitPosition(3n);
    await append(3);
    await staged.makeFinal();
    expect(await waiting).toMatchObject({ state: "final", anchor: { size: 3n } });
    await expect(ledger.awaitPosition(4n, { timeoutMs: 50 })).rejects.toMatchObject({ code: "timeout" });
    await expect(ledger.awaitPosition(0n)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("prove", () => {
  test("gives a bundle that checks, at every place of a log that was sealed and anchored at odd sizes", async () => {
    const sizes = [1, 255, 256, 257, 300, 511, 513];
    let size = 0;
    for (const [index, next] of sizes.entries()) {
      await append(next - size);
      size = next;
      await staged.seal();
      if (index % 2 === 1) await staged.finalise(await staged.anchor());
    }
    for (const position of [1n, 2n, 255n, 256n, 257n, 258n, 300n, 301n, 511n, 512n, 513n]) {
      const bundle = await ledger.prove(position);
      const text = formatBundle(bundle);
      expect(parseBundle(text)).toEqual(bundle);
      const report = await checkBundle(text, { trust: staged.trust });
      expect(report.checks.filter(({ ok }) => ok === false)).toEqual([]);
      expect(report.event).toMatchObject({ position: position.toString(), type: "Counted" });
      expect(bundle.anchor === null).toBe(position > 511n);
      expect(bundle.inclusion.size).toBe(String(sizes.find((each) => BigInt(each) >= position)));
    }
  });

  test("takes a receipt's event, an id, or a position; metadata may stay out", async () => {
    const { events } = await ledger.append("s", [event, event]);
    const [first] = events;
    if (first === undefined) throw new Error("no event");
    await expect(ledger.prove(first)).rejects.toMatchObject({
      code: "not-sealed",
      values: { position: 1n, sealed: 0n },
    });
    await staged.seal();
    const bundle = await ledger.prove(first);
    expect(bundle.anchor).toBeNull();
    expect(await ledger.prove(first.id)).toEqual(bundle);
    expect(await ledger.prove(1n)).toEqual(bundle);
    await staged.finalise(await staged.anchor());
    const { anchor, ...sealedPart } = await ledger.prove(1n);
    expect({ ...sealedPart, anchor: null }).toEqual(bundle);
    expect(anchor).toMatchObject({ size: "2", consistency: [] });
    const bare = await ledger.prove(1n, { withoutMetadata: true });
    expect(bare.event).toMatchObject({ metadata: null, metaSalt: null });
    const report = await checkBundle(bare, { trust: staged.trust });
    expect(report.checks.filter(({ ok }) => ok === false)).toEqual([]);
    await expect(ledger.prove(3n)).rejects.toMatchObject({ code: "not-found", values: { position: 3n } });
    await expect(ledger.prove("019aa3b5-ec00-7586-b459-e73756c3dff9")).rejects.toMatchObject({ code: "not-found" });
  });

  test("makes no bundle of an event that an administrator has changed", async () => {
    await append(3);
    await staged.seal();
    await database.pool.query("alter table eventchain.events disable trigger user");
    await database.pool.query(
      `update eventchain.events set data = '{"n":2}' where ledger_id = $1::bigint and position = 2`,
      [staged.ledgerId],
    );
    await database.pool.query("alter table eventchain.events enable trigger user");
    await expect(ledger.prove(2n)).rejects.toMatchObject({ code: "tampered", values: { position: 2n } });
    await expect(ledger.prove(1n)).resolves.toBeDefined();
  });
});

describe("status", () => {
  test("of a ledger with nothing in it", async () => {
    expect(await ledger.status()).toEqual({
      ledger: staged.origin,
      epoch: 0n,
      size: 0n,
      sealed: 0n,
      anchored: 0n,
      final: 0n,
      head: { size: 0n, root: "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
      lag: { sealMs: 0n, anchorMs: 0n, finalMs: 0n },
      waiting: null,
      alarms: [],
      handlers: [],
      projections: [],
      anchors: [],
    });
  });

  test("at each stage", async () => {
    await append(5);
    await staged.makeFinal();
    await append(2);
    await staged.seal();
    await append(1);
    await staged.log.noteWaiting(staged.ledgerId, "the fee is above its bound");
    await staged.log.raiseAlarm(staged.ledgerId, "tampered", "position 3");
    const status = await ledger.status();
    expect(status).toMatchObject({
      size: 8n,
      sealed: 7n,
      anchored: 5n,
      final: 5n,
      head: { size: 7n },
      waiting: "the fee is above its bound",
      alarms: [{ code: "tampered", message: "position 3" }],
      anchors: [{ size: 5n, state: "final", block: 101n, gasUsed: 90_000n }],
    });
    expect(status.lag.anchorMs).toBe(status.lag.finalMs);
    expect(status.lag.anchorMs >= status.lag.sealMs).toBe(true);
  });

  test("shows the ten newest anchors, newest first", async () => {
    for (let n = 0; n < 12; n++) {
      await append(1);
      await staged.makeFinal();
    }
    const { anchors } = await ledger.status();
    expect(anchors.map(({ size }) => size)).toEqual([12n, 11n, 10n, 9n, 8n, 7n, 6n, 5n, 4n, 3n]);
  });
});

/** The pool, with a word for each query that goes through it. */
function countQueries(pool: TestDatabase["pool"], onQuery: () => void): TestDatabase["pool"] {
  return new Proxy(pool, {
    get: (target, key) => {
      if (key === "query") onQuery();
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
