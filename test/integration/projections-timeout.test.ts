// Handlers and statements that do not end: what they hold is given back, and nobody else waits for them.
import { defineModel, defineProjection, type Projection, type ProjectionDb } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const SCHEMA = "create table seen (position bigint primary key, n int not null)";
const insert = "insert into seen values ($1, $2)";
const timeoutMs = 200;

let database: TestDatabase;
let on: Projecting;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  on = await openProjecting(database);
  return () => on.close();
});

/** What never ends, each in its own way. */
const endless: Record<string, (db: ProjectionDb) => unknown> = {
  "a handler that waits for nothing": () => new Promise(() => undefined),
  "a statement": (db) => db.query("select pg_sleep(1000)"),
  "a statement that its handler does not wait for": (db) => {
    void db.query("select pg_sleep(1000)");
    return new Promise(() => undefined);
  },
  "one statement after the other": async (db) => {
    for (;;) await db.query("select pg_sleep(0.01)");
  },
};

function seen(what: (db: ProjectionDb) => unknown, spec: Partial<Projection> = {}): Projection {
  const { mode, onError } = spec;
  return defineProjection("seen", { schema: SCHEMA, timeoutMs, mode, onError }).on(
    Added,
    async ({ position, data }, db) => {
      await db.query(insert, [position, data.n]);
      if (data.n === 2) await what(db);
    },
  );
}

const numbers = async (): Promise<number[]> =>
  (await on.ledger.readProjections<{ n: number }>("select n from seen order by position")).map(({ n }) => n);

describe.each(Object.entries(endless))("%s that does not end", (_, what) => {
  test("stops the projection before its event, and says so", async () => {
    await on.add(4, 1);
    const { reason } = await settle(on, seen(what));
    expect(reason).toBe(`projection "seen" failed at position 3 (Added): did not end within ${timeoutMs} ms`);
    expect(await buildsOf(on, "seen")).toMatchObject({ building: "1@2", reason });
  });
});

test("a statement that lifts its limit loses its connection, and nobody waits for it", async () => {
  await on.add(4, 1);
  const lifting = seen(async (db) => {
    await db.query("select set_config('statement_timeout', '0', true)");
    await db.query("select pg_sleep(1000)");
  });
  await settle(on, lifting);
  expect(await buildsOf(on, "seen")).toMatchObject({ live: undefined, reason: null });
});

test("statements without end that no handler waits for stop the projection", async () => {
  await on.add(4, 1);
  const loop = async (db: ProjectionDb): Promise<void> => {
    for (;;) await db.query("select pg_sleep(0.01)");
  };
  const { reason } = await settle(
    on,
    seen((db) => void loop(db).catch(() => undefined)),
  );
  expect(reason).toMatch(/did not end within 200 ms/);
  expect(await buildsOf(on, "seen")).toMatchObject({ building: "1@2" });
});

test("an event whose handler does not end goes to the dead letters, where it is told to", async () => {
  await on.add(4, 1);
  await settle(
    on,
    seen(() => new Promise(() => undefined), { onError: "dead-letter" }),
  );
  expect(await numbers()).toEqual([0, 1, 3]);
  expect(await on.ledger.projectionDeadLetters("seen")).toMatchObject([{ position: 3n }]);
});

test("a batch handler that does not end at one event stops before that", async () => {
  await on.add(8, 1);
  const batches = defineProjection("seen", { schema: SCHEMA, timeoutMs }).onBatch([Added], async (events) => {
    if (events.some(({ data }) => data.n === 5)) await new Promise(() => undefined);
  });
  const { reason } = await settle(on, batches);
  expect(reason).toMatch(/at position 6 \(Added\): did not end within 200 ms/);
  expect(await buildsOf(on, "seen")).toMatchObject({ building: "1@5" });
});

test("a model's table that is held by another does not hold the model", async () => {
  const model = defineModel("sum", { initial: () => 0 }).on(Added, (sum, { data }) => sum + data.n);
  const sums = defineProjection("sums", { model, timeoutMs });
  await on.add(1);
  await settle(on, sums);
  await on.add(1);
  const holder = await database.pool.connect();
  try {
    await holder.query("begin");
    const { rows } = await holder.query(
      "select schema_name as name from eventchain.projection_builds where name = 'sums' and ledger_id = $1::bigint",
      [on.ledgerId],
    );
    await holder.query(`lock table ${rows[0].name}.sums`);
    const { reason } = await settle(on, sums);
    expect(reason).toMatch(/at position 2 \(Added\): did not end within 200 ms/);
  } finally {
    await holder.query("rollback");
    holder.release();
  }
});

test("an inline handler that does not end refuses its append alone", async () => {
  const inline = seen(() => new Promise(() => undefined), { mode: "inline" });
  const own = await openProjecting(database, [inline]);
  await settle(own, inline);
  const outcomes = await Promise.allSettled([1, 2, 3].map((n) => own.ledger.append(`s-${n}`, Added({ n }))));
  expect(outcomes).toMatchObject([
    { status: "fulfilled" },
    { status: "rejected", reason: { code: "projection-failed", message: expect.stringMatching(/did not end within/) } },
    { status: "fulfilled" },
  ]);
  expect(await own.rows("select n from $views.seen order by n")).toEqual([{ n: 1 }, { n: 3 }]);
  await own.close();
});
