// What becomes of conditions, chains and rejections while others write, and when connections are lost.
import { sha256, utf8 } from "@eventchain/core";
import { type AppendOutcome, type AppendRequest, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { checkChain, createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type FaultyProxy, startFaultyProxy } from "./append-proxy.ts";

let database: TestDatabase;
let proxy: FaultyProxy;
/** By the proxy, which loses connections. */
let store: PostgresStore;
/** Straight to the database. */
let direct: PostgresStore;
let ledger: TestLedger;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startFaultyProxy(database.url);
  direct = openPostgresStore({ pool: database.pool });
});
beforeEach(async () => {
  store = openPostgresStore({ connectionString: proxy.url, maxConnections: 4 });
  ledger = await createTestLedger(store);
});
afterEach(async () => {
  await checkChain(direct, ledger);
  await store.close();
});
afterAll(async () => {
  await proxy.close();
  await database.drop();
});

/** A command in a context of one tag, decided at `after`; with this event, or with this rejection. */
function decided(id: string, parts: Partial<AppendRequest> = {}, after = 0n): AppendRequest {
  return {
    events: [newEvent({ metadata: `{"commandId":"${id}"}`, tags: ["t"] })],
    expected: [],
    command: { id, requestHash: sha256(utf8(id)) },
    condition: { failIfEventsMatch: [{ tags: ["t"] }], after },
    ...parts,
  };
}

function rejected(id: string, withEvent: boolean): AppendRequest {
  const { salt, metaSalt, id: eventId, metadata } = newEvent({ metadata: `{"commandId":"${id}"}` });
  const event = { id: eventId, salt, metaSalt, metadata };
  const { command, expected } = decided(id);
  if (command === undefined) throw new Error("a command was made");
  return { events: [], expected, command, rejection: { code: "no", ...(withEvent ? { event } : {}) } };
}

const chained = (requests: AppendRequest[]): AppendRequest[] => requests.map((one) => ({ ...one, chain: 0 }));

function told(outcomes: readonly AppendOutcome[]): unknown[] {
  return outcomes.map((outcome) => ("duplicate" in outcome ? [outcome.outcome, outcome.duplicate] : outcome.outcome));
}

/** A session that holds the ledger's lock, and appends under it, until it commits. */
async function holdLock(): Promise<{ inside: PostgresStore; commit(): Promise<void> }> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("begin");
  await client.query("select from eventchain.ledgers where ledger_id = $1 for no key update", [ledger.ledgerId]);
  const query = client.query.bind(client);
  const connection = { on: () => undefined, off: () => undefined, release: () => undefined, query };
  const pool = { query, connect: async () => connection };
  return {
    inside: openPostgresStore({ pool: pool as unknown as pg.Pool }),
    async commit() {
      await client.query("commit");
      await client.end();
    },
  };
}

/** Waits until so many sessions wait for a lock in this database. */
async function waitingSessions(count: number): Promise<void> {
  for (;;) {
    const { rows } = await database.pool.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if (rows.length >= count) return;
  }
}

describe("what others append while the lock is waited for", () => {
  const items = [{ tags: ["t"] }, { types: ["Watched"] }, { streams: ["watched"], tags: ["u"] }];
  const waiting = (after: bigint): AppendRequest => ({
    events: [newEvent({ stream: "decided" })],
    expected: [],
    condition: { failIfEventsMatch: items, after },
  });

  test.each([
    ["a few events", 3],
    ["more than are matched at once", 1_100],
  ])("is seen by a condition: %s", async (_, count) => {
    const holder = await holdLock();
    const append = store.append(ledger.ledgerId, [
      waiting(0n),
      { ...waiting(0n), condition: { failIfEventsMatch: [{ tags: ["u"], types: ["Watched"] }] } },
      { ...waiting(0n), condition: { failIfEventsMatch: "all", after: BigInt(count) + 3n } },
    ]);
    await waitingSessions(1);
    const others = Array.from({ length: count }, () => newEvent({ stream: "other", tags: ["x"] }));
    const [outcome] = await holder.inside.append(ledger.ledgerId, [
      {
        events: [
          newEvent({ stream: "watched", tags: ["u"] }),
          ...others,
          newEvent({ type: "Watched" }),
          newEvent({ tags: ["t"] }),
        ],
        expected: [],
      },
    ]);
    expect(outcome).toMatchObject({ outcome: "recorded" });
    await holder.commit();
    const last = BigInt(count) + 3n;
    expect(await append).toMatchObject([
      { outcome: "condition-failed", positions: [1n, last - 1n, last] },
      { outcome: "recorded", events: [{ position: last + 1n }] },
      { outcome: "condition-failed", positions: [last + 1n] },
    ]);
  });

  test("is told behind what was there before", async () => {
    await direct.append(ledger.ledgerId, [{ events: [newEvent({ tags: ["t"] }), newEvent()], expected: [] }]);
    const holder = await holdLock();
    const append = store.append(ledger.ledgerId, [
      { events: [newEvent({ tags: ["t"] })], expected: [] },
      waiting(0n),
      waiting(1n),
    ]);
    await waitingSessions(1);
    await holder.inside.append(ledger.ledgerId, [{ events: [newEvent({ tags: ["t"] })], expected: [] }]);
    await holder.commit();
    expect(await append).toMatchObject([
      { outcome: "recorded" },
      { outcome: "condition-failed", positions: [1n, 3n, 4n] },
      { outcome: "condition-failed", positions: [3n, 4n] },
    ]);
  });
});

describe("a connection that is lost", () => {
  const requests = (): AppendRequest[] => [
    ...chained([decided("a"), rejected("b", true), decided("c"), rejected("d", false)]),
    decided("e"),
    rejected("f", true),
  ];
  /** A rejection without an event has nothing of its own to be known by: that it is a duplicate is all that is sure. */
  const outcomes = [
    ["recorded", false],
    ["rejected", false],
    ["recorded", false],
    ["rejected", true],
    "condition-failed",
    ["rejected", false],
  ];

  test("after the commit: chains and rejections are told what became of them, and happened once", async () => {
    proxy.loseNext("lose-response");
    const found = await store.append(ledger.ledgerId, requests());
    expect(told(found)).toEqual(outcomes);
    expect(found).toMatchObject([
      { events: [{ position: 1n }] },
      { code: "no", reason: null, position: 2n },
      { events: [{ position: 3n }] },
      { code: "no", reason: null, position: null },
      { positions: [1n, 3n] },
      { code: "no", position: 4n },
    ]);
    expect((await direct.head(ledger.ledgerId)).position).toBe(4n);
  });

  test("before the server has heard of them: they are sent again, as the chain they are", async () => {
    proxy.loseNext("lose-request");
    const found = await store.append(ledger.ledgerId, requests());
    expect(told(found)).toEqual(outcomes.map((one, index) => (index === 3 ? ["rejected", false] : one)));
  });

  test("while the server goes on with the first call: recorded once, whichever was first", async () => {
    const holder = await holdLock();
    proxy.loseNext("cut");
    const append = store.append(ledger.ledgerId, requests());
    // The first call and the second one, both waiting for the lock.
    await waitingSessions(2);
    await holder.commit();
    const found = told(await append);
    // In the second call its chain was broken by what the first one had recorded: to be decided again.
    expect([["rejected", true], ["rejected", false], "dependency-failed"]).toContainEqual(found[3]);
    expect(found.toSpliced(3, 1)).toEqual(outcomes.toSpliced(3, 1));
    expect((await direct.head(ledger.ledgerId)).position).toBe(4n);
    expect(told(await direct.append(ledger.ledgerId, [rejected("d", false)]))).toEqual([["rejected", true]]);
  });

  test("a chain that had failed in part fails in part again, and what rests on it too", async () => {
    await direct.append(ledger.ledgerId, [{ events: [newEvent({ stream: "s", tags: ["u"] })], expected: [] }]);
    proxy.loseNext("lose-response");
    const broken = decided("b", { expected: [{ stream: "s", version: "none" }] }, 1n);
    const found = await store.append(ledger.ledgerId, chained([decided("a", {}, 1n), broken, decided("c", {}, 1n)]));
    expect(told(found)).toEqual([["recorded", false], "conflict", "dependency-failed"]);
    expect((await direct.head(ledger.ledgerId)).position).toBe(2n);
  });

  test("with a rejection that another process had recorded first: a duplicate", async () => {
    await direct.append(ledger.ledgerId, [rejected("a", true)]);
    proxy.loseNext("lose-response");
    const found = await store.append(ledger.ledgerId, [rejected("a", true), decided("b")]);
    expect(told(found)).toEqual([
      ["rejected", true],
      ["recorded", false],
    ]);
  });
});

describe("whoever calls the append function with SQL", () => {
  const appendSql = `select outcome, code from eventchain.append_events($1, array['c'], array[sha256('x')], array[null], array[null],
    array[1], array[0], array['s'], '{}', '{}', array[1], array['019a9f00-0000-7000-8000-000000000001']::uuid[], array['T'], array[1],
    array['{}'], array['{}'], array[substr(sha256('x'), 1, 16)], array['{"commandId":"c"}'], array[substr(sha256('x'), 1, 16)],
    array[$2], array[$3]::bigint[], array[null]::int[], array[$4], array[$5], array[null]::uuid[], array[null]::bytea[],
    array[null], array[null]::bytea[])`;

  test.each([
    ["no JSON", "nonsense", "invalid-argument"],
    ["a key twice", '[{"tags":["a"],"tags":["b"]}]', "invalid-argument"],
    ["an object", "{}", "invalid-argument"],
    ["a text that is not all", '"some"', "invalid-argument"],
    ["null", "null", "invalid-argument"],
    ["an item that is no object", '["tags"]', "invalid-argument"],
    ["a list for an item", '[[{"tags":["a"]}]]', "invalid-argument"],
    ["an item without a condition", "[{}]", "invalid-argument"],
    ["an unknown key", '[{"tags":["a"],"colours":["red"]}]', "invalid-argument"],
    ["an empty list", '[{"types":["T"],"tags":[]}]', "invalid-argument"],
    ["a text for a list", '[{"tags":"a"}]', "invalid-argument"],
    ["an object for a list", '[{"tags":{"a":1}}]', "invalid-argument"],
    ["a null name", '[{"tags":[null]}]', "invalid-argument"],
    ["a number for a name", '[{"streams":[1]}]', "invalid-argument"],
    ["a list for a name", '[{"types":[["T"]]}]', "invalid-argument"],
    ["U+0000", '[{"tags":["\\u0000"]}]', "invalid-argument"],
    ["4,097 names", JSON.stringify([{ tags: Array.from({ length: 4097 }, (_, n) => `t-${n}`) }]), "too-large"],
    ["1,025 items", JSON.stringify(Array(1025).fill({ tags: ["a"] })), "too-large"],
  ])("has a condition of %s refused as a row", async (_, condition, code) => {
    const { rows } = await database.pool.query(appendSql, [ledger.ledgerId, condition, null, null, null]);
    expect(rows).toEqual([{ outcome: "refused", code }]);
  });

  test("has a negative `after`, and events beside a rejection, refused as rows", async () => {
    for (const values of [
      ['"all"', -1n, null, null],
      [null, null, "code", null],
      [null, null, null, "a reason alone"],
    ]) {
      const { rows } = await database.pool.query(appendSql, [ledger.ledgerId, ...values]);
      expect(rows).toEqual([{ outcome: "refused", code: "invalid-argument" }]);
    }
  });
});
