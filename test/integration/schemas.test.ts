import { LedgerError } from "@eventchain/core";
import { type AnyEventDefinition, type Connection, connect, defineEvent, type LedgerEvent } from "@eventchain/ledger";
import { openPostgresStore } from "@eventchain/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";

let database: TestDatabase;
/** Two apps on one database. */
let apps: [Connection, Connection];

beforeAll(async () => {
  database = await createTestDatabase();
  apps = [await connect({ database: database.url }), await connect({ database: database.url })];
});
afterAll(async () => {
  for (const app of apps ?? []) await app.close();
  await database?.drop();
});

const Opened = defineEvent("Opened", { schema: z.object({ subject: z.string() }) });
const Changed = defineEvent("Opened", { schema: z.object({ subject: z.string().max(80) }) });
const Raised = defineEvent("Opened", {
  version: 2,
  schema: z.object({ title: z.string() }),
  upcast: { 1: ({ subject }) => ({ title: subject }) },
});
const Latest = defineEvent("Opened", {
  version: 3,
  schema: z.object({ title: z.string(), priority: z.number() }),
  upcast: { ...Raised.upcast, 2: (old) => ({ ...old, priority: 1 }) },
});

async function newLedger(origin: string) {
  const store = openPostgresStore({ pool: database.pool });
  const { ledgerId } = await createLedger(store, origin);
  const kept = async () => (await store.keptSchemas(ledgerId)).map(({ type, version }) => `${type} ${version}`);
  return {
    kept,
    /** As one of the two apps opens it. */
    open: (app: 0 | 1, ...events: AnyEventDefinition[]) => apps[app].ledger(origin, { events }),
  };
}

async function all(events: AsyncIterable<LedgerEvent>): Promise<LedgerEvent[]> {
  const list: LedgerEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof LedgerError ? error.code : String(error)),
  );

describe("a schema", () => {
  test("is kept with the first event of its version, not before", async () => {
    const { open, kept } = await newLedger("kept.test");
    const ledger = await open(0, Opened);
    expect(await kept()).toEqual([]);
    await ledger.append("a", Opened({ subject: "No sound" }));
    await ledger.append("a", { type: "Opened", data: { subject: "No light" } });
    expect(await kept()).toEqual(["Opened 1"]);
    await (await open(1, Raised)).append("a", Raised({ title: "No heat" }));
    expect(await kept()).toEqual(["Opened 1", "Opened 2"]);
  });

  test("that has changed without a new version is refused at open, naming type, version and what to do", async () => {
    const { open } = await newLedger("refused.test");
    await (await open(0, Opened)).append("a", Opened({ subject: "No sound" }));
    await expect(open(1, Changed)).rejects.toMatchObject({
      code: "schema-changed",
      message: expect.stringMatching(/^event "Opened" version 1 .*raise its version to 2 and add upcast 1/),
      values: { type: "Opened", version: 1 },
    });
    await open(1, Raised);
  });

  test("of one version that two apps use differently at once is that of one of them", async () => {
    for (let round = 0; round < 5; round++) {
      const { open, kept } = await newLedger(`race-${round}.test`);
      const ledgers = [await open(0, Opened), await open(1, Changed)] as const;
      const events = [Opened({ subject: "a" }), Changed({ subject: "a" })] as const;
      const outcomes = await Promise.all(
        ledgers.map((ledger, index) => outcome(ledger.append("a", events[index] ?? []))),
      );
      expect(outcomes.sort()).toEqual(["done", "schema-changed"]);
      expect(await kept()).toEqual(["Opened 1"]);
      expect(await all(ledgers[0].readStream("a"))).toHaveLength(1);
    }
  });
});

describe("events of several versions", () => {
  test("are read in the current one, and stay as they were stored", async () => {
    const { open } = await newLedger("versions.test");
    await (await open(0, Opened)).append("a", Opened({ subject: "No sound" }));
    await (await open(0, Raised)).append("a", Raised({ title: "No light" }));
    const before = await all((await open(0)).readStream("a"));
    const ledger = await open(1, Latest);
    await ledger.append("a", Latest({ title: "No heat", priority: 3 }));
    const events = await all(ledger.readStream("a"));
    expect(events.map((event) => Latest.read(event))).toEqual([
      { title: "No sound", priority: 1 },
      { title: "No light", priority: 1 },
      { title: "No heat", priority: 3 },
    ]);
    expect(events.map(({ schema, data }) => [schema, data])).toEqual([
      [1, { subject: "No sound" }],
      [2, { title: "No light" }],
      [3, { title: "No heat", priority: 3 }],
    ]);
    expect(events.slice(0, 2).map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
  });

  test("that nobody defined are appended and read as they are", async () => {
    const { open, kept } = await newLedger("unknown.test");
    const ledger = await open(0, Opened);
    await ledger.append("a", { type: "Free", data: { any: [1] }, schema: 7 });
    expect(await all(ledger.readStream("a"))).toMatchObject([{ type: "Free", schema: 7, data: { any: [1] } }]);
    expect(await kept()).toEqual([]);
  });
});

describe("an append", () => {
  test("of data that does not fit records nothing, of its neighbours either", async () => {
    const { open, kept } = await newLedger("misfit.test");
    const ledger = await open(0, Opened);
    const misfit = { type: "Opened", data: { subject: 1 } };
    await expect(ledger.append("a", [Opened({ subject: "a" }), misfit])).rejects.toMatchObject({
      code: "invalid-event",
      message: expect.stringMatching(/^event 2 of 2 "Opened": .*\$\.subject: /),
      values: { event: 1, issues: [{ path: "$.subject" }] },
    });
    expect(await all(ledger.readAll())).toEqual([]);
    expect(await kept()).toEqual([]);
  });

  test("stands in the order of the calls, also past one whose schema is kept first", async () => {
    const { open } = await newLedger("order.test");
    const ledger = await open(0, Opened);
    const free = (n: number) => ({ type: "Free", data: { n } });
    const receipts = await Promise.all([
      ledger.append("a", free(1)),
      ledger.append("a", Opened({ subject: "a" })),
      ledger.append("a", free(2)),
    ]);
    expect(receipts.map(({ events }) => events[0]?.version)).toEqual([1n, 2n, 3n]);
  });
});
