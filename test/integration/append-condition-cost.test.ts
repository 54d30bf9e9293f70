import { sha256, utf8 } from "@eventchain/core";
import { type AppendCondition, type EventQuery, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { insertEvents } from "../support/insert-events.ts";

const sizes = [1_000, 50_000] as const;
/** Of rows and index entries: what one append reads, whatever its ledger's size. (A stream is searched by halving.) */
const bound = 1_000;

let database: TestDatabase;
let client: pg.PoolClient;
/** On one connection, whose transaction counts what it reads. */
let store: PostgresStore;
const ledgers = new Map<number, TestLedger>();

beforeAll(async () => {
  database = await createTestDatabase();
  client = await database.pool.connect();
  const connection = { on: () => undefined, off: () => undefined, release: () => undefined };
  const query = client.query.bind(client);
  const pool = { query, connect: async () => ({ ...connection, query }) };
  store = openPostgresStore({ pool: pool as unknown as pg.Pool });
  for (const size of sizes) ledgers.set(size, await createTestLedger(store));
  // The connection makes its plans while the tables are empty and keeps them, as one of an old pool does.
  for (const ledger of ledgers.values()) for (const one of cases) await costOf(ledger, one);
  for (const [size, ledger] of ledgers) await fill(ledger, size);
  await database.pool.query("analyze eventchain.events, eventchain.event_tags");
});
afterAll(async () => {
  client.release();
  await database.drop();
});

/** Every event has both tags `a` and `b`, every tenth the type `Rare`; ten streams. */
async function fill({ ledgerId, origin }: TestLedger, size: number): Promise<void> {
  const salt = sha256(utf8("salt")).slice(0, 16);
  for (let from = 1; from <= size; from += 5_000) {
    const events = Array.from({ length: Math.min(5_000, size - from + 1) }, (_, index) => {
      const n = from + index;
      return {
        position: BigInt(n),
        stream: `s-${n % 10}`,
        version: BigInt(Math.ceil(n / 10)),
        id: `019a9f00-0000-7000-8000-${n.toString(16).padStart(12, "0")}`,
        type: n % 10 === 1 ? "Rare" : "Common",
        schema: 1,
        tags: ["a", "b"],
        recordedAtMicros: 1_763_683_200_000_000n,
        data: "{}",
        salt,
        metadata: "{}",
        metaSalt: salt,
        prevHash: sha256(utf8("hash")),
        hash: sha256(utf8("hash")),
      };
    });
    await insertEvents(database.pool, ledgerId, origin, events);
  }
  await database.pool.query(
    `insert into eventchain.event_tags (ledger_id, tag, type, position)
     select ledger_id, tag, type, position from eventchain.events, unnest(tags) tag where ledger_id = $1`,
    [ledgerId],
  );
}

interface Case {
  what: string;
  query: EventQuery;
  /** How far behind the head the look was; undefined: at the very beginning. */
  behind: bigint | undefined;
  outcome: "recorded" | "condition-failed";
}

const cases: readonly Case[] = [
  { what: "one tag", query: [{ tags: ["a"] }] },
  { what: "a tag and a type", query: [{ tags: ["a"], types: ["Rare"] }] },
  { what: "two tags, both frequent", query: [{ tags: ["a", "b"] }] },
  { what: "two frequent tags and types", query: [{ tags: ["a", "b"], types: ["Rare", "Common"] }] },
  { what: "types", query: [{ types: ["Rare", "Common"] }] },
  { what: "a stream", query: [{ streams: ["s-1"] }] },
  { what: "a stream and a tag", query: [{ streams: ["s-1"], tags: ["a"] }] },
  { what: "all", query: "all" as const },
].flatMap(({ what, query }): Case[] => [
  { what: `${what}, looked at the head`, query, behind: 0n, outcome: "recorded" },
  { what: `${what}, looked shortly before`, query, behind: 20n, outcome: "condition-failed" },
  { what: `${what}, looked at the beginning`, query, behind: undefined, outcome: "condition-failed" },
]);

const absent: readonly Case[] = [
  { what: "a tag that nothing has", query: [{ tags: ["none"] }] },
  { what: "two frequent tags and one that nothing has", query: [{ tags: ["a", "b", "none"] }] },
  { what: "two frequent tags and a type that none of them has", query: [{ tags: ["a", "b"], types: ["None"] }] },
  { what: "a type that nothing has", query: [{ types: ["None"] }] },
  { what: "a stream without events", query: [{ streams: ["s-none"] }] },
  { what: "a frequent stream and a type that nothing has", query: [{ streams: ["s-1"], types: ["None"] }] },
  { what: "no event of the ledger's own", query: [{ streams: ["$audit"] }, { types: ["$CommandRejected"] }] },
].map((one) => ({ ...one, behind: undefined, outcome: "recorded" }));

/** Rows and index entries that one append under the condition reads, in the tables of the schema and their indexes. */
async function costOf({ ledgerId }: TestLedger, one: Case): Promise<{ outcome: string | undefined; read: number }> {
  const { position } = await store.head(ledgerId);
  const behind = one.behind ?? position;
  const condition: AppendCondition = {
    failIfEventsMatch: one.query,
    after: position > behind ? position - behind : 0n,
  };
  const counted = async (): Promise<number> => {
    const { rows } = await client.query(
      `select sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid))::int as read
         from pg_class where relnamespace = 'eventchain'::regnamespace and relkind in ('r', 'i')`,
    );
    return rows[0].read;
  };
  await client.query("begin");
  try {
    const before = await counted();
    const [outcome] = await store.append(ledgerId, [
      { events: [newEvent({ stream: "new" })], expected: [], condition },
    ]);
    return { outcome: outcome?.outcome, read: (await counted()) - before };
  } finally {
    await client.query("rollback");
  }
}

describe.each(sizes)("with %s events, an append under a condition reads a bounded number of rows", (size) => {
  test.each([...cases, ...absent].map((one) => [one.what, one] as const))("%s", async (_, one) => {
    const ledger = ledgers.get(size);
    if (ledger === undefined) throw new Error("there is a ledger of each size");
    const { outcome, read } = await costOf(ledger, one);
    expect(outcome).toBe(one.outcome);
    expect(read).toBeLessThan(bound);
  });
});
