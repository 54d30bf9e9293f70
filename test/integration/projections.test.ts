import { defineEvent, defineModel, defineProjection, type Projection, projectOnce } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { asAdministrator } from "../support/ledger-workers.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const SCHEMA = "create table seen (position bigint primary key, n int not null check (n <> 13))";
const insert = "insert into seen values ($1, $2)";

/** A row for each event; the table takes no 13. */
const seen = defineProjection("seen", { schema: SCHEMA }).on(Added, async ({ position, data }, db) => {
  await db.query(insert, [position, data.n]);
});

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

const numbers = async (): Promise<number[]> =>
  (await on.ledger.readProjections<{ n: number }>("select n from seen order by position")).map(({ n }) => n);

/** One append for each, in order. */
async function add(...list: number[]): Promise<void> {
  for (const n of list) await on.ledger.append("s", Added({ n }));
}

describe("a projection", () => {
  test("has a row for each of its events, and is at the head past all others", async () => {
    await add(1, 2);
    await on.ledger.append("s", { type: "Other", data: {} });
    await settle(on, seen);
    expect(await numbers()).toEqual([1, 2]);
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@3" });
    expect(await on.ledger.projections()).toEqual([
      {
        name: "seen",
        version: 1,
        state: "live",
        position: 3n,
        behind: 0n,
        reason: null,
        deadLetters: 0n,
        changed: false,
        building: null,
        retired: [],
      },
    ]);
  });

  test("of batches is given thousands at once, in order", async () => {
    const sizes: number[] = [];
    const batches = defineProjection("seen", { schema: SCHEMA }).onBatch([Added], async (events, db) => {
      sizes.push(events.length);
      await db.query("insert into seen select * from unnest($1::bigint[], $2::int[])", [
        events.map(({ position }) => position),
        events.map(({ data }) => data.n),
      ]);
    });
    await on.ledger.append(
      "s",
      Array.from({ length: 8_500 }, () => Added({ n: 1 })),
    );
    await settle(on, batches);
    expect(sizes).toEqual([8_000, 500]);
    expect(await numbers()).toHaveLength(8_500);
  });

  test("is given the events of its streams, or with its tags, only", async () => {
    await on.ledger.append("a", { ...Added({ n: 1 }), tags: ["x"] });
    await on.ledger.append("b", { ...Added({ n: 2 }), tags: ["x", "y"] });
    await on.ledger.append("c", Added({ n: 3 }));
    const some = defineProjection("seen", { schema: SCHEMA, where: { streams: ["c"], tags: ["x", "y"] } });
    await settle(
      on,
      some.on(Added, ({ position, data }, db) => db.query(insert, [position, data.n])),
    );
    expect(await numbers()).toEqual([2, 3]);
  });

  test("is given data in its current version, and nothing of what is erased", async () => {
    await add(1, 2);
    await database.pool.query("alter table eventchain.events disable trigger user");
    await database.pool.query(
      "update eventchain.events set data = null, salt = null where ledger_id = $1::bigint and position = 1",
      [on.ledgerId],
    );
    await database.pool.query("alter table eventchain.events enable trigger user");
    const Newer = defineEvent("Added", {
      version: 2,
      schema: z.object({ amount: z.number() }),
      upcast: { 1: ({ n }) => ({ amount: Number(n) * 100 }) },
    });
    const newer = defineProjection("seen", { schema: SCHEMA });
    await settle(
      on,
      newer.on(Newer, ({ position, data }, db) => db.query(insert, [position, data.amount])),
    );
    expect(await numbers()).toEqual([200]);
  });

  test("of a level goes as far as that, and its receipts wait for it", async () => {
    const sealed = defineProjection("sealed", { level: "sealed", schema: "create table t (n int)" }).on(
      Added,
      ({ data }, db) => db.query("insert into t values ($1)", [data.n]),
    );
    await add(1);
    const receipt = await on.ledger.append("s", Added({ n: 2 }));
    await settle(on, sealed);
    expect(await buildsOf(on, "sealed")).toMatchObject({ live: "1@0" });
    await expect(receipt.projected("sealed", { timeout: 20 })).rejects.toMatchObject({ code: "timeout" });
    await database.pool.query("update eventchain.watermarks set sealed_size = 2 where ledger_id = $1::bigint", [
      on.ledgerId,
    ]);
    const waiting = receipt.projected("sealed");
    await settle(on, sealed);
    await expect(waiting).resolves.toBeUndefined();
  });

  test("comments its tables where its SQL has not, for whoever reads them", async () => {
    const schema = "create table a (n int); create table b (n int); comment on table b is 'The second'";
    const described = defineProjection("described", { schema, describe: "All numbers" }).on(Added, () => undefined);
    await settle(on, described);
    const { rows } = await database.pool.query(
      `select relname::text as name, obj_description(oid) as comment from pg_class
       where relnamespace = $1::regnamespace and relkind = 'v' order by relname`,
      [`ledger_${on.ledgerId}`],
    );
    expect(rows).toEqual([
      { name: "a", comment: "All numbers" },
      { name: "b", comment: "The second" },
    ]);
  });
});

describe("a projection that is a model", () => {
  const total = defineModel("total", { initial: () => ({ sum: 0, count: 0 }) }).on(Added, (state, { data }) => ({
    sum: state.sum + data.n,
    count: state.count + 1,
  }));

  test("has a row for each key: its state, and its last event", async () => {
    await on.ledger.append("a", [Added({ n: 1 }), Added({ n: 2 })]);
    await on.ledger.append("b", Added({ n: 5 }));
    const totals = defineProjection("totals", { model: total, key: ({ stream }) => stream });
    await settle(on, totals);
    const receipt = await on.ledger.append("a", Added({ n: 10 }));
    await settle(on, totals);
    const micros = "(extract(epoch from updated_at) * 1000000)::bigint as micros";
    expect(
      await on.ledger.readProjections(`select key, state, position, version, ${micros} from totals order by key`),
    ).toEqual([
      {
        key: "a",
        state: { sum: 13, count: 3 },
        position: 4n,
        version: 3n,
        micros: receipt.events[0]?.recordedAtMicros,
      },
      { key: "b", state: { sum: 5, count: 1 }, position: 3n, version: 1n, micros: expect.any(BigInt) },
    ]);
  });
});

describe("a handler that fails", () => {
  const tolerant = (): Projection =>
    defineProjection("seen", { schema: SCHEMA, onError: "dead-letter" }).on(Added, ({ position, data }, db) =>
      db.query(insert, [position, data.n]),
    );

  test("stops its projection before the event, with what comes before it applied and the reason kept", async () => {
    await add(1, 2, 13, 4);
    const { reason } = await settle(on, seen);
    expect(reason).toMatch(/^projection "seen" failed at position 3 \(Added\): .*seen_n_check/);
    expect(await buildsOf(on, "seen")).toMatchObject({ building: "1@2", reason });
    expect(await on.ledger.projections()).toMatchObject([{ state: "stopped", reason, building: { position: 2n } }]);
  });

  test("is run again where somebody asks, and goes on once it can", async () => {
    await add(1);
    await settle(on, seen);
    await add(13, 3);
    await settle(on, seen);
    const mended = defineProjection("seen", { schema: SCHEMA }).on(Added, async ({ position, data }, db) => {
      await db.query(insert, [position, data.n === 13 ? 0 : data.n]);
    });
    await settle(on, mended);
    expect(await numbers()).toEqual([1]);
    expect(await on.ledger.retryProjection("seen")).toBe(true);
    await settle(on, mended);
    expect(await numbers()).toEqual([1, 0, 3]);
    expect(await on.ledger.retryProjection("seen")).toBe(false);
  });

  test("puts its events aside, with their reasons, where it is told to", async () => {
    await add(13, 1, 2, 13, 13, 3);
    await settle(on, tolerant());
    expect(await numbers()).toEqual([1, 2, 3]);
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@6", reason: null });
    expect(await on.ledger.projectionDeadLetters("seen")).toMatchObject([
      { position: 1n, type: "Added", error: expect.stringContaining("seen_n_check") },
      { position: 4n },
      { position: 5n },
    ]);
  });

  test("in a batch is found by halves: only its own event is put aside", async () => {
    const batches = defineProjection("seen", { schema: SCHEMA, onError: "dead-letter" }).onBatch(
      [Added],
      async (events, db) => {
        await db.query("insert into seen select * from unnest($1::bigint[], $2::int[])", [
          events.map(({ position }) => position),
          events.map(({ data }) => data.n),
        ]);
      },
    );
    await add(1, 2, 3, 4, 5, 13, 7);
    await settle(on, batches);
    expect(await numbers()).toEqual([1, 2, 3, 4, 5, 7]);
    expect(await on.ledger.projectionDeadLetters("seen")).toMatchObject([{ position: 6n }]);
  });

  test("that does not await its statement fails by it all the same", async () => {
    const careless = defineProjection("seen", { schema: SCHEMA }).on(Added, ({ position, data }, db) => {
      void db.query(insert, [position, data.n]);
    });
    await add(1, 13, 3);
    const { reason } = await settle(on, careless);
    expect(reason).toContain("seen_n_check");
    expect(await buildsOf(on, "seen")).toMatchObject({ building: "1@1" });
  });

  test("that catches its statement's error cannot commit half of its work", async () => {
    const stubborn = defineProjection("seen", { schema: SCHEMA }).on(Added, async ({ position, data }, db) => {
      await db.query(insert, [position, data.n]).catch(() => undefined);
    });
    await add(1, 13);
    await settle(on, stubborn);
    expect(await buildsOf(on, "seen")).toMatchObject({ building: "1@1" });
  });

  test("by a deferred constraint is found before the commit", async () => {
    const schema = "create table seen (position bigint, n int unique deferrable initially deferred)";
    const deferred = defineProjection("seen", { schema }).on(Added, ({ position, data }, db) =>
      db.query(insert, [position, data.n]),
    );
    await add(1, 2, 2, 3);
    const { reason } = await settle(on, deferred);
    expect(reason).toContain("seen_n_key");
    expect(await buildsOf(on, "seen")).toMatchObject({ building: "1@2" });
  });

  test("hinders no other projection", async () => {
    await add(13, 1);
    const count = defineProjection("count", { schema: "create table counted (n int)" }).on(Added, ({ data }, db) =>
      db.query("insert into counted values ($1)", [data.n]),
    );
    for (const projection of [seen, count]) await settle(on, projection);
    expect(await on.ledger.readProjections("select n from counted order by n")).toEqual([{ n: 1 }, { n: 13 }]);
  });
});

describe("a handler's statements", () => {
  /** What one statement of a handler ends in. */
  async function reasonOf(text: string): Promise<string | undefined> {
    const trial = defineProjection("seen", { schema: SCHEMA }).on(Added, (_event, db) => db.query(text));
    await add(1);
    return (await settle(on, trial)).reason;
  }

  test.each([
    [
      "cannot append",
      "select eventchain.append_events(null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null,null)",
      "permission denied",
    ],
    ["cannot touch the ledger", "delete from eventchain.events", "permission denied"],
    ["cannot move a projection", "update eventchain.projection_builds set position = 9", "permission denied"],
    ["find no table of the application", "select * from accounts", "does not exist"],
    ["are one at a time", "select 1; commit", "cannot insert multiple commands"],
    ["do not end the transaction", "commit", "leaves the transaction and its settings as they are"],
  ])("%s", async (_what, text, problem) => {
    await database.pool.query("create table if not exists public.accounts (n int)");
    expect(await reasonOf(text)).toContain(problem);
  });

  test("after the batch are refused", async () => {
    let later: (() => Promise<unknown>) | undefined;
    const late = defineProjection("seen", { schema: SCHEMA }).on(Added, (_event, db) => {
      later = () => db.query("insert into seen values (9, 9)");
    });
    await add(1);
    await settle(on, late);
    await expect(later?.()).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("a schema that cannot be made", () => {
  test.each([
    ["names what is wrong", "create table a (n int); create table b (n nothing)", /type "nothing" does not exist/],
    ["makes nothing", "select 1", /it makes no table and no view/],
    [
      "ends its transaction",
      "create table a (n int); do $$ begin commit; end $$; create table b (n int)",
      /invalid transaction termination/,
    ],
  ])("stops the build, with nothing half made: one that %s", async (_what, schema, problem) => {
    const bad = defineProjection("bad", { schema }).on(Added, () => undefined);
    const { reason } = await settle(on, bad);
    expect(reason).toMatch(problem);
    const { rows } = await database.pool.query("select nspname from pg_namespace where nspname like $1", [
      `ledger_${on.ledgerId}_build_%`,
    ]);
    expect(rows).toEqual([]);
  });

  test("is made afresh once somebody asks", async () => {
    const make = (schema: string): Projection => defineProjection("bad", { schema }).on(Added, () => undefined);
    await settle(on, make("create table a (n nothing)"));
    await on.ledger.retryProjection("bad");
    await settle(on, make("create table a (n int)"));
    expect(await buildsOf(on, "bad")).toMatchObject({ live: "1@0", building: undefined });
  });
});

test("a projection whose history was replaced stops", async () => {
  await add(1);
  await settle(on, seen);
  await database.pool.query(
    "update eventchain.projection_builds set hash = sha256('other') where ledger_id = $1::bigint",
    [on.ledgerId],
  );
  await add(2);
  const { reason } = await settle(on, seen);
  expect(reason).toMatch(/^forked: /);
});

test("a projection that has events which its ledger lost stops", async () => {
  await add(1, 2);
  await settle(on, seen);
  await asAdministrator(
    database.pool,
    on.ledgerId,
    "delete from eventchain.events where ledger_id = $1 and position = 2",
  );
  const { reason } = await settle(on, seen);
  expect(reason).toMatch(/^forked: /);
});

test("a projection of another version than this process's is left alone", async () => {
  await add(1);
  await settle(
    on,
    defineProjection("seen", { schema: SCHEMA, version: 2 }).on(Added, () => undefined),
  );
  await add(2);
  await settle(on, seen);
  expect(await buildsOf(on, "seen")).toMatchObject({ live: "2@1", building: undefined });
});

test("a projection that handles nothing is refused", async () => {
  const empty = defineProjection("empty", { schema: SCHEMA });
  await expect(projectOnce(on, empty, undefined, 0n)).rejects.toMatchObject({ code: "config-invalid" });
});

test("a ledger is not opened with a projection that handles nothing", async () => {
  const empty = defineProjection("empty", { schema: SCHEMA });
  await expect(openProjecting(database, [empty])).rejects.toMatchObject({
    code: "config-invalid",
    values: { projection: "empty" },
  });
});
