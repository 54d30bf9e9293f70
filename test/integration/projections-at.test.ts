import { setTimeout as sleep } from "node:timers/promises";
import { defineModel, defineProjection, type ProjectionDb } from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const SCHEMA = "create table seen (position bigint primary key, n int not null check (n <> 13))";
const seen = defineProjection("seen", { schema: SCHEMA, onError: "dead-letter" }).on(Added, ({ position, data }, db) =>
  db.query("insert into seen values ($1, $2)", [position, data.n]),
);
const total = defineModel("total", { initial: () => ({ sum: 0 }) }).on(Added, ({ sum }, { data }) => ({
  sum: sum + data.n,
}));
const totals = defineProjection("totals", { model: total, key: ({ stream }) => stream });
const read = async (db: ProjectionDb): Promise<number[]> =>
  (await db.query<{ n: number }>("select n from seen order by position")).map(({ n }) => n);

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

async function add(...list: number[]): Promise<Date> {
  for (const n of list) await on.ledger.append("s", Added({ n }));
  await sleep(2);
  return new Date();
}

describe("a projection at a point", () => {
  test("has the events up to a position or a time, and leaves nothing behind", async () => {
    await add(1);
    const then = await add(2);
    await add(3);
    expect(await on.ledger.projectionAt(seen, { position: 1n }, read)).toEqual([1]);
    expect(await on.ledger.projectionAt(seen, { position: 0 }, read)).toEqual([]);
    expect(await on.ledger.projectionAt(seen, { time: then }, read)).toEqual([1, 2]);
    const { rows } = await database.pool.query("select nspname from pg_namespace where nspname like 'ledger%scratch%'");
    expect(rows).toEqual([]);
  });

  test("passes over what the projection does", async () => {
    await add(1, 13, 3, 13);
    expect(await on.ledger.projectionAt(seen, { position: 4n }, read)).toEqual([1, 3]);
  });

  test("fails by its handler where that would stop it", async () => {
    await add(1, 13);
    const strict = defineProjection("seen", { schema: SCHEMA }).on(Added, ({ position, data }, db) =>
      db.query("insert into seen values ($1, $2)", [position, data.n]),
    );
    await expect(on.ledger.projectionAt(strict, { position: 2n }, read)).rejects.toMatchObject({
      code: "projection-failed",
      values: { projection: "seen" },
    });
    expect(await on.ledger.projectionAt(strict, { position: 1n }, read)).toEqual([1]);
  });

  test.each([
    ["past the newest event", { position: 9n }, "not-found"],
    ["that is a version", { version: 1n }, "invalid-argument"],
    ["that is nothing", {}, "invalid-argument"],
  ])("%s is refused", async (_what, at, code) => {
    await expect(on.ledger.projectionAt(seen, at as never, read)).rejects.toMatchObject({ code });
  });

  test("gives on what its reader throws", async () => {
    const read = async (): Promise<never> => {
      throw new Error("enough");
    };
    await expect(on.ledger.projectionAt(seen, { position: 0n }, read)).rejects.toThrow("enough");
  });
});

describe("the difference between two points", () => {
  test("of a model is that of its states by key, in either direction", async () => {
    await on.ledger.append("a", Added({ n: 1 }));
    await on.ledger.append("b", Added({ n: 5 }));
    await on.ledger.append("a", Added({ n: 2 }));
    const between = { from: { position: 1n }, to: { position: 3n } };
    expect(await on.ledger.diffProjection(totals, between)).toEqual({
      from: { state: { a: { sum: 1 } }, position: 1n, version: undefined },
      to: { state: { a: { sum: 3 }, b: { sum: 5 } }, position: 3n, version: undefined },
      changes: [
        { path: "$.a.sum", before: 1, after: 3 },
        { path: "$.b", after: { sum: 5 } },
      ],
    });
    const back = await on.ledger.diffProjection(totals, { from: between.to, to: between.from });
    expect(back.changes).toEqual([
      { path: "$.a.sum", before: 3, after: 1 },
      { path: "$.b", before: { sum: 5 } },
    ]);
  });

  test("of tables is that of what is read of them", async () => {
    await add(1, 2, 3);
    const between = { from: { position: 1n }, to: { position: 2n } };
    expect((await on.ledger.diffProjection(seen, between, read)).changes).toEqual([{ path: "$[1]", after: 2 }]);
    await expect(on.ledger.diffProjection(seen, between)).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("a read of projections", () => {
  beforeEach(async () => {
    await add(1, 2);
    for (const projection of [seen, totals]) await settle(on, projection);
  });

  test("joins their tables under plain names, with parameters", async () => {
    const rows = await on.ledger.readProjections(
      "select s.n, t.state from seen s cross join totals t where s.n > $1 and t.key = $2",
      [1, "s"],
    );
    expect(rows).toEqual([{ n: 2, state: { sum: 3 } }]);
  });

  test.each([
    ["writes", "delete from seen", /cannot execute DELETE in a read-only transaction/],
    ["is two statements", "select 1; select 2", /cannot insert multiple commands/],
    ["names no table", "select * from sene", /relation "sene" does not exist/],
  ])("that %s is refused with what the database says", async (_what, text, problem) => {
    await expect(on.ledger.readProjections(text)).rejects.toMatchObject({
      code: "database-failed",
      message: expect.stringMatching(problem),
    });
  });
});

test("a ledger in memory has no projections to ask for", async () => {
  const ledger = openMemoryLedger({ events: [Added], projections: [seen] });
  const receipt = await ledger.append("s", Added({ n: 1 }));
  for (const asked of [
    () => ledger.projections(),
    () => ledger.readProjections("select 1"),
    () => ledger.projectionAt(seen, { position: 0n }, read),
    () => receipt.projected("seen"),
  ])
    await expect(asked()).rejects.toMatchObject({ code: "not-supported" });
});
