// How many rows and index entries reads touch on a ledger of 50,000 events: counted by Postgres, not timed.
import { type EventQuery, type EventStore, openPostgresStore, type ReadAllOptions } from "@eventchain/store";
import { createTestLedger, newEvent } from "@eventchain/store/testing";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const eventCount = 50_000;
const perAppend = 2_500;

let database: TestDatabase;
let ledgerId: bigint;

/** Frequent: `all`, `even`, type Often, stream hot, actor system. Rare, 20 of each kind: every 2,500th event. */
function eventAt(n: number): ReturnType<typeof newEvent> {
  const rare = n % 2_500 === 7;
  const tags = [
    "all",
    `id:${n % 10_000}`,
    ...(n % 2 === 0 ? ["even"] : ["odd"]),
    ...(rare ? ["tenant:rare"] : []),
  ].sort();
  const texts = {
    actor: rare ? "ada" : "system",
    causationId: rare ? "cause-rare" : `cause-${n % 5}`,
    correlationId: rare ? "way-rare" : "way",
    ip: rare ? "192.0.2.7" : "::1",
  };
  const stream = n % 2 === 0 ? "hot" : `s-${n % 1_000}`;
  return newEvent({ stream, type: rare ? "Rare" : `Often-${n % 3}`, tags, metadata: JSON.stringify(texts) });
}

beforeAll(async () => {
  database = await createTestDatabase();
  const store = openPostgresStore({ pool: database.pool });
  ledgerId = (await createTestLedger(store)).ledgerId;
  const { ledgerId: beside } = await createTestLedger(store);
  for (let first = 1; first <= eventCount; first += perAppend) {
    const events = Array.from({ length: perAppend }, (_, index) => eventAt(first + index));
    await store.append(ledgerId, [{ events, expected: [] }]);
  }
  await store.append(beside, [{ events: Array.from({ length: perAppend }, (_, n) => eventAt(n)), expected: [] }]);
});
afterAll(() => database.drop());

/** A pool of one connection in a transaction that is never committed: the store's own ones are savepoints of it. */
function poolInTransaction(client: pg.PoolClient): pg.Pool {
  const inside: Record<string, string> = { commit: "rollback to savepoint own", rollback: "rollback to savepoint own" };
  const query = (config: string | pg.QueryConfig, values?: unknown[]): unknown => {
    if (typeof config !== "string" || values !== undefined) return client.query(config as string, values);
    return client.query(inside[config] ?? (config.startsWith("begin") ? "savepoint own" : config));
  };
  const connection = { query, on: () => undefined, off: () => undefined, release: () => undefined };
  return { query, connect: async () => connection } as unknown as pg.Pool;
}

interface Touched {
  /** Rows and index entries of each table that were read, by table and by index. */
  read: Record<string, number>;
  /** Tables that were scanned whole. */
  scanned: string[];
  total: number;
}

const counters = `
  select c.relname as name, c.relkind = 'r' as "isTable", pg_stat_get_xact_numscans(c.oid)::int as scans,
         pg_stat_get_xact_tuples_returned(c.oid)::int as tuples
  from pg_class c
  where c.relnamespace = 'eventchain'::regnamespace and c.relkind in ('r', 'i')
    and c.relname similar to '(events|event_tags|commands)%'
  order by c.oid`;

interface Counter {
  name: string;
  isTable: boolean;
  scans: number;
  tuples: number;
}

/** What `work` touches of events, tags and commands: by the connection's own counters, which go on from call to call. */
async function touchedBy(work: (store: EventStore) => Promise<void>): Promise<Touched> {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    const before = (await client.query<Counter>(counters)).rows;
    await work(openPostgresStore({ pool: poolInTransaction(client) }));
    const after = (await client.query<Counter>(counters)).rows;
    const used = after
      .map((row, index) => ({
        ...row,
        scans: row.scans - (before[index]?.scans ?? 0),
        tuples: row.tuples - (before[index]?.tuples ?? 0),
      }))
      .filter(({ scans }) => scans > 0);
    return {
      read: Object.fromEntries(used.map(({ name, tuples }) => [name, tuples])),
      scanned: used.filter(({ isTable }) => isTable).map(({ name }) => name),
      total: used.reduce((sum, { tuples }) => sum + tuples, 0),
    };
  } finally {
    await client.query("rollback");
    client.release();
  }
}

async function expectTouched(
  work: (store: EventStore) => Promise<bigint | number>,
  found: number,
  atMost: number,
): Promise<void> {
  let given: bigint | number = -1;
  const touched = await touchedBy(async (store) => {
    given = await work(store);
  });
  expect(Number(given)).toBe(found);
  expect(touched.scanned).toEqual([]);
  expect(touched.total, JSON.stringify(touched.read)).toBeLessThanOrEqual(atMost);
  // The counters count: what was found was read.
  expect(touched.total).toBeGreaterThanOrEqual(Math.min(found, 1));
}

async function countRead(events: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of events) count += 1;
  return count;
}

const rareTag: EventQuery = [{ tags: ["tenant:rare"] }];
const frequent: EventQuery = [{ tags: ["all", "even"] }];

const frequentOfActor = { query: [{ tags: ["all", "even"], types: ["Often-1"] }], filter: { actor: "system" } };
const numbers = Array.from({ length: 1_000 }, (_, n) => n);
const manyTags: EventQuery = numbers.map((n) => ({ tags: [`id:${n}`] }));
const manyStreams: EventQuery = [{ streams: numbers.map((n) => `s-${n}`) }];

/** What is asked, how many events that gives, and how many rows and index entries it may touch. */
const reads: readonly [what: string, options: ReadAllOptions, found: number, atMost: number][] = [
  ["an actor", { filter: { actor: "ada" } }, 20, 100],
  ["an ip", { filter: { ip: "192.0.2.7" } }, 20, 100],
  ["a correlation", { filter: { correlationId: "way-rare" } }, 20, 100],
  ["causations", { filter: { causationIds: ["cause-rare", "none"] } }, 20, 100],
  ["an actor, backwards", { filter: { actor: "ada" }, backwards: true, limit: 5 }, 5, 50],
  ["an actor that nobody is", { filter: { actor: "eve" } }, 0, 10],
  ["a frequent actor with a rare tag", { filter: { actor: "system", tags: ["tenant:rare"] } }, 0, 200],
  ["a rare actor with a frequent tag", { filter: { actor: "ada", tags: ["all"] } }, 20, 250],
  ["a rare actor with frequent other texts", { filter: { actor: "ada", ip: "::1", correlationId: "way" } }, 0, 300],
  ["an actor of an hour", { filter: { actor: "ada", recordedFromMicros: 0n } }, 20, 300],
  ["the newest of a frequent actor", { filter: { actor: "system" }, backwards: true, limit: 10 }, 10, 100],
  ["a rare tag", { query: rareTag }, 20, 100],
  ["a rare tag beside a frequent one", { query: [{ tags: ["all", "tenant:rare"] }] }, 20, 250],
  ["a rare tag of frequent types", { query: [{ tags: ["all", "id:8"], types: ["Often-1", "Often-2"] }] }, 3, 250],
  ["a rare tag of a hot stream", { query: [{ streams: ["hot"], tags: ["id:8"] }] }, 5, 250],
  ["a rare type", { query: [{ types: ["Rare"] }] }, 20, 100],
  ["a rare type of a frequent tag", { query: [{ types: ["Rare"], tags: ["all"] }] }, 20, 100],
  ["a stream", { query: [{ streams: ["s-11"] }] }, 50, 200],
  ["the end of a hot stream", { query: [{ streams: ["hot"] }], after: 49_980n }, 10, 200],
  ["the middle of a hot stream", { query: [{ streams: ["hot"] }], after: 20_000n, to: 20_020n }, 10, 200],
  ["several rare items", { query: [...rareTag, { tags: ["id:8"] }, { types: ["Rare"] }] }, 25, 250],
  ["a rare item beside a frequent one, the first", { query: [...rareTag, { tags: ["all"] }], limit: 20 }, 20, 200],
  ["two frequent tags, the newest", { query: frequent, backwards: true, limit: 10 }, 10, 2_500],
  ["two frequent tags that no event has both of", { query: [{ tags: ["even", "odd", "tenant:rare"] }] }, 0, 300],
  ["two frequent tags that no event has both of, alone", { query: [{ tags: ["even", "odd"] }] }, 0, 100_000],
  ["such tags of two types", { query: [{ tags: ["even", "odd"], types: ["Often-1", "Often-2"] }] }, 0, 80_000],
  ["such tags of an actor", { query: [{ tags: ["all", "even", "odd"] }], filter: { actor: "system" } }, 0, 120_000],
  ["two frequent tags of a type and an actor, the first", { ...frequentOfActor, limit: 20 }, 20, 4_000],
  ["two frequent tags of a type and an actor, the last", { ...frequentOfActor, backwards: true, limit: 20 }, 20, 4_000],
  ["a thousand items of one tag each, the first", { query: manyTags, limit: 50 }, 50, 1_500],
  ["a thousand items of one tag each, the last", { query: manyTags, backwards: true, limit: 50 }, 50, 3_500],
  ["a thousand streams, the first", { query: manyStreams, limit: 50 }, 50, 5_000],
  ["a thousand streams, the last", { query: manyStreams, backwards: true, limit: 50 }, 50, 10_000],
  ["all, by an access to a rare tenant", { query: "all", access: rareTag }, 20, 100],
  ["frequent tags, by an access to a rare tenant", { query: frequent, access: rareTag }, 0, 300],
  ["a frequent actor, by an access to a rare tenant", { filter: { actor: "system" }, access: rareTag }, 0, 300],
  ["a page of all", { query: "all", after: 25_000n, limit: 100 }, 100, 200],
];

describe.each([false, true])("with row-level security: %s", (rowSecurity) => {
  describe.each(["without statistics", "with statistics"])(
    "%s, no table is scanned and few entries are touched by",
    (statistics) => {
      beforeAll(async () => {
        if (statistics === "with statistics") await database.pool.query("analyze");
      });

      test.each(reads)("%s", async (_, options, found, atMost) => {
        await expectTouched((store) => countRead(store.readAll(ledgerId, { ...options, rowSecurity })), found, atMost);
      });

      test.each(reads.filter(([, { limit }]) => limit === undefined))(
        "the count of %s",
        async (_, options, found, atMost) => {
          await expectTouched((store) => store.count(ledgerId, { ...options, rowSecurity }), found, atMost);
        },
      );

      test("a hot stream, by an access to a rare tenant", async () => {
        const scope = { access: [{ tags: ["id:8"] }], rowSecurity };
        await expectTouched((store) => countRead(store.readStream(ledgerId, "hot", scope)), 5, 200);
        await expectTouched(
          (store) => countRead(store.readStream(ledgerId, "hot", { ...scope, after: 20_000n })),
          1,
          200,
        );
      });

      test("one event, by its position or hidden", async () => {
        for (const [position, found] of [
          [7n, 1],
          [8n, 0],
        ] as const) {
          const scope = { access: rareTag, rowSecurity };
          const find = async (store: EventStore): Promise<number> =>
            (await store.findEvent(ledgerId, { position }, scope)) === undefined ? 0 : 1;
          await expectTouched(find, found, 2);
        }
      });
    },
  );
});

test("two frequent tags that no event has both of are found so without a probe of events", async () => {
  const query = [{ tags: ["all", "even", "odd"] }];
  const touched = await touchedBy(async (store) => {
    for (const filter of [{}, { actor: "system" }, { types: ["Often-1"] }])
      expect(await store.count(ledgerId, { query, filter })).toBe(0n);
  });
  // The head is.
  expect(touched.read.events_pkey, JSON.stringify(touched.read)).toBeLessThanOrEqual(3);
});

test("a look touches what its contexts have, and the head", async () => {
  const contexts: { query: EventQuery; after?: bigint }[] = [
    { query: [{ streams: ["s-11"] }] },
    { query: [{ tags: ["all", "id:8"] }] },
    { query: [{ tags: ["all"] }], after: 49_990n },
    { query: [{ streams: ["hot"] }], after: 49_990n },
    { query: "all", after: 49_990n },
  ];
  const look = async (store: EventStore): Promise<number> => {
    let count = 0;
    for (const context of (await store.look(ledgerId, contexts)).contexts) count += await countRead(context);
    return count;
  };
  await expectTouched(look, 50 + 5 + 10 + 5 + 10, 400);
});

test("a long context costs its events once, in pages", async () => {
  const contexts = [{ query: [{ tags: ["all"] }] }];
  const look = async (store: EventStore): Promise<number> => {
    const [context] = (await store.look(ledgerId, contexts)).contexts;
    return countRead(context ?? expect.fail("no context"));
  };
  await expectTouched(look, eventCount, 2 * eventCount + 500);
});

test("the count of all reads no event", async () => {
  await expectTouched((store) => store.count(ledgerId), eventCount, 1);
  await expectTouched((store) => store.count(ledgerId, { query: "all" }), eventCount, 1);
});
