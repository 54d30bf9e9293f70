import { type AppendOptions, type Connection, connect, type Ledger, type LedgerEvent } from "@eventchain/ledger";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger } from "../support/staged-ledger.ts";

let database: TestDatabase;
let connection: Connection;
let ledger: Ledger;

beforeAll(async () => {
  database = await createTestDatabase();
  await createStagedLedger(database.pool, "append.test");
  connection = await connect({ database: database.url });
  ledger = await connection.ledger("append.test");
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
});

const event = (n: number) => ({ type: "Counted", data: { n } });

async function all(events: AsyncIterable<LedgerEvent>): Promise<LedgerEvent[]> {
  const list: LedgerEvent[] = [];
  for await (const each of events) list.push(each);
  return list;
}

describe("append", () => {
  test("gives positions, versions and hashes that a read gives again", async () => {
    const { events } = await ledger.append("first", [event(1), { ...event(2), tags: ["b", "a"], schema: 3 }], {
      actor: "ann",
      metadata: { shift: 1 },
    });
    expect(events.map(({ version, type, stream }) => [version, type, stream])).toEqual([
      [1n, "Counted", "first"],
      [2n, "Counted", "first"],
    ]);
    const read = await all(ledger.readStream("first"));
    expect(read.map(({ position, hash, id }) => ({ position, hash, id }))).toEqual(
      events.map(({ position, hash, id }) => ({ position, hash, id })),
    );
    expect(read[1]).toMatchObject({
      schema: 3,
      tags: ["a", "b"],
      data: { n: 2 },
      metadata: { actor: "ann", shift: 1 },
      recordedAtMicros: events[1]?.recordedAtMicros,
    });
  });

  test("checks what is expected of the stream", async () => {
    const append = (expect_: AppendOptions["expect"]) => ledger.append("expected", event(1), { expect: expect_ });
    const conflict = (actual: bigint, expected: unknown) => ({
      name: "ConflictError",
      code: "conflict",
      values: { stream: "expected", expected, actual },
    });
    await expect(append("exists")).rejects.toMatchObject(conflict(0n, "exists"));
    await expect(append(1)).rejects.toMatchObject(conflict(0n, 1n));
    await append("none");
    await expect(append("none")).rejects.toMatchObject(conflict(1n, "none"));
    await expect(append(0n)).rejects.toMatchObject(conflict(1n, expect.anything()));
    await append("exists");
    await append(2n);
    await append("any");
    expect(await all(ledger.readStream("expected"))).toHaveLength(4);
  });

  test("keeps the order of calls that do not wait for each other", async () => {
    const receipts = await Promise.all(
      Array.from({ length: 1500 }, (_, n) => ledger.append("ordered", event(n), { expect: n })),
    );
    expect(receipts.map(({ events }) => events[0]?.version)).toEqual(receipts.map((_, n) => BigInt(n + 1)));
    const read = await all(ledger.readStream("ordered"));
    expect(read.map(({ data }) => data?.n)).toEqual(receipts.map((_, n) => n));
  });

  test("a large append is not overtaken by a small one after it", async () => {
    const large = { type: "Large", data: { text: "é".repeat(400_000) } };
    const first = [1, 2, 3, 4].map(() => ledger.append("large", large));
    await new Promise((resolve) => setImmediate(resolve));
    const last = await ledger.append("large", event(1), { expect: 4 });
    expect(last.events[0]?.version).toBe(5n);
    await Promise.all(first);
  });

  test("a repeated command returns its first receipt, whatever was expected", async () => {
    const options = { commandId: "count-1", correlationId: "first try" };
    const first = await ledger.append("commanded", [event(1), event(2)], { ...options, expect: "none" });
    const again = await ledger.append("commanded", [event(1), event(2)], {
      commandId: "count-1",
      correlationId: "second try",
      expect: "none",
    });
    expect(again).toMatchObject({ id: "count-1", commandId: "count-1", duplicate: true });
    expect(again.events).toEqual(first.events);
    expect(first.duplicate).toBe(false);
    const read = await all(ledger.readStream("commanded"));
    expect(read.map(({ metadata }) => metadata)).toEqual([
      { commandId: "count-1", correlationId: "first try" },
      { commandId: "count-1", correlationId: "first try" },
    ]);
    expect(await ledger.receipt("count-1")).toMatchObject({ status: "recorded", events: first.events });
    expect(await ledger.receipt("never")).toBeUndefined();
  });

  test("a command id with other content is refused", async () => {
    await ledger.append("commanded", event(1), { commandId: "count-2" });
    for (const other of [
      ledger.append("commanded", event(2), { commandId: "count-2" }),
      ledger.append("elsewhere", event(1), { commandId: "count-2" }),
      ledger.append("commanded", event(1), { commandId: "count-2", actor: "ann" }),
    ])
      await expect(other).rejects.toMatchObject({ code: "command-id-reused", values: { commandId: "count-2" } });
  });

  test("bad input fails alone, beside good input of the same moment", async () => {
    const results = await Promise.allSettled([
      ledger.append("mixed", event(1)),
      ledger.append("mixed", { type: "$Own", data: {} }),
      ledger.append("mixed", { type: "T", data: { a: Number.NaN } }),
      ledger.append("mixed", event(2), { expect: 99 }),
      ledger.append("mixed", event(3)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "rejected", "fulfilled"]);
    expect(await all(ledger.readStream("mixed"))).toHaveLength(2);
  });

  test("two ledgers of a database know nothing of each other", async () => {
    await createStagedLedger(database.pool, "other.test");
    const other = await connection.ledger("other.test");
    const { events } = await other.append("first", event(1), { expect: "none" });
    expect(events[0]?.position).toBe(1n);
    expect(await connection.ledgers()).toEqual(["append.test", "other.test"]);
  });

  test("a ledger that was halted refuses", async () => {
    const halted = await createStagedLedger(database.pool, "halted.test");
    await halted.log.halt(halted.ledgerId, "contract-ahead", "the contract is ahead");
    const refused = (await connection.ledger("halted.test")).append("s", event(1));
    await expect(refused).rejects.toMatchObject({ code: "ledger-halted" });
    await expect(refused).rejects.toThrow(/the contract is ahead/);
  });
});

describe("reading", () => {
  test("backwards, past a place, up to a number, by conditions", async () => {
    const versions = async (options: Parameters<Ledger["readStream"]>[1]) =>
      (await all(ledger.readStream("ordered", options))).map(({ version }) => version);
    expect(await versions({ limit: 2 })).toEqual([1n, 2n]);
    expect(await versions({ after: 1498, backwards: false })).toEqual([1499n, 1500n]);
    expect(await versions({ backwards: true, limit: 2 })).toEqual([1500n, 1499n]);
    expect(await versions({ backwards: true, after: 3n })).toEqual([2n, 1n]);
    expect(await versions({ limit: 0 })).toEqual([]);
    expect(await all(ledger.readStream("nothing"))).toEqual([]);

    const found = await all(ledger.readAll({ filter: { tags: ["a", "b"], types: ["Counted"], actor: "ann" } }));
    expect(found.map(({ stream, version }) => [stream, version])).toEqual([["first", 2n]]);
    const [last] = await all(ledger.readAll({ backwards: true, limit: 1 }));
    const whole = await all(ledger.readAll());
    expect(whole.map(({ position }) => position)).toEqual(whole.map((_, index) => BigInt(index + 1)));
    expect(whole.at(-1)).toEqual(last);
    expect(await all(ledger.readAll({ after: 2n, to: 4n }))).toEqual(whole.slice(2, 4));
  });

  test("an abort ends it", async () => {
    const controller = new AbortController();
    const read = (async () => {
      for await (const { version } of ledger.readStream("ordered", { signal: controller.signal }))
        if (version === 3n) controller.abort();
    })();
    await expect(read).rejects.toMatchObject({ code: "aborted" });
  });

  test.each<[string, object]>([
    ["a misspelt option", { from: 3n }],
    ["a negative place", { after: -1n }],
    ["half an event", { limit: 1.5 }],
    ["a number that is not exact", { after: 2 ** 53 }],
  ])("%s is refused by the call", (_what, options) => {
    expect(() => ledger.readStream("first", options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    expect(() => ledger.readAll(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test("hostile names are names, not SQL", async () => {
    const name = `'; drop table eventchain.events; -- "\\ %_`;
    await ledger.append(name, { type: name, data: { [name]: name }, tags: [name] }, { commandId: name, actor: name });
    const read = await all(ledger.readAll({ filter: { streams: [name], types: [name], tags: [name], actor: name } }));
    expect(read).toMatchObject([{ stream: name, type: name, tags: [name], data: { [name]: name } }]);
    expect(await ledger.receipt(name)).toMatchObject({ id: name });
  });
});

describe("connect", () => {
  test("says what is not there", async () => {
    await expect(connection.ledger("missing.test")).rejects.toMatchObject({
      code: "ledger-not-found",
      values: { ledger: "missing.test", ledgers: expect.arrayContaining(["append.test"]) },
    });
    await expect(connection.ledger("no origin")).rejects.toMatchObject({ name: "LedgerError" });
    await expect(connect({ database: "" })).rejects.toMatchObject({ code: "config-invalid" });
    await expect(connect({ database: undefined as unknown as string })).rejects.toMatchObject({
      code: "config-invalid",
    });
    const away = connect({ database: "postgres://someone:secret@127.0.0.1:1/none" });
    await expect(away).rejects.toMatchObject({ code: "database-unavailable", retryable: true });
    await expect(away).rejects.not.toThrow(/secret/);
  });

  test("refuses a database that is not migrated", async () => {
    const empty = await createEmptyDatabase();
    try {
      await expect(connect({ database: empty.url })).rejects.toMatchObject({ code: "not-migrated" });
    } finally {
      await empty.drop();
    }
  });

  test("closing waits for the appends on their way, and leaves a pool that was given open", async () => {
    const short = await connect({ database: database.pool });
    const receipts: Promise<unknown>[] = [];
    {
      await using closing = short;
      const its = await closing.ledger("append.test");
      for (let n = 0; n < 700; n++) receipts.push(its.append("closing", event(n)));
    }
    await Promise.all(receipts);
    await short.close();
    expect(await all(ledger.readStream("closing"))).toHaveLength(700);
    expect((await database.pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  });

  test("an append may be given up while it waits for its group", async () => {
    const controller = new AbortController();
    const sent = Array.from({ length: 600 }, (_, n) => ledger.append("given-up", event(n)));
    const waiting = ledger.append("given-up", event(600), { signal: controller.signal });
    controller.abort("enough");
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
    await Promise.all(sent);
    expect(await all(ledger.readStream("given-up"))).toHaveLength(600);
  });
});
