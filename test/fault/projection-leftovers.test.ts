import { connect, defineProjection, type Ledger, type Projection } from "@eventchain/ledger";
import { openPostgresProjections } from "@eventchain/store";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle } from "../support/projecting.ts";

/** What an application's own SQL does to the connection that it shares with appends. */
let database: TestDatabase;
let on: Projecting;
let pool: pg.Pool;
let ledger: Ledger;
/** Run by the handler after its own statement, while there is one. */
let extra: string | undefined;

const make = (mode: "inline" | "async"): Projection =>
  defineProjection("seen", { mode, schema: "create table seen (n int)" }).on(Added, async ({ data }, db) => {
    await db.query("insert into seen values ($1)", [data.n]);
    if (extra !== undefined) await db.query(extra);
  });

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  extra = undefined;
  on = await openProjecting(database);
  // One connection: what is left on it meets whoever comes next.
  pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const connection = await connect({ database: pool });
  ledger = await connection.ledger(on.ledger.origin, { events: [Added], projections: [make("inline")] });
  return async () => {
    await connection.close();
    await pool.end();
    await on.close();
  };
});

const worker = () => ({ ledgerId: on.ledgerId, projections: openPostgresProjections(pool) });
const LOCKS =
  "select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
const standing = async () =>
  (
    await pool.query(
      "select current_user, current_setting('role') as role, current_setting('search_path') as path, current_setting('statement_timeout')",
    )
  ).rows;

describe.each([";rollback", ";commit", "/**/reset role"])("a handler's %s", (text) => {
  test("refuses the append that it is inline of, and nothing is recorded", async () => {
    await settle(on, make("inline"));
    extra = text;
    await expect(ledger.append("s", Added({ n: 1 }))).rejects.toMatchObject({ code: "projection-failed" });
    extra = undefined;
    await ledger.append("s", Added({ n: 2 }));
    expect(await on.rows("select n from $views.seen")).toEqual([{ n: 2 }]);
    expect(await on.ledger.count()).toBe(1n);
  });

  test("stops its build with no row of the batch", async () => {
    await settle(on, make("async"));
    await on.add(1);
    extra = text;
    expect(await settle(worker(), make("async"))).toMatchObject({ reason: expect.stringContaining("position 1") });
    expect(await on.rows("select n from $views.seen")).toEqual([]);
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@0" });
  });
});

describe.each(["inline", "async"] as const)("a handler (%s) whose functions", (mode) => {
  const run = async (text: string): Promise<unknown> => {
    await settle(on, make(mode));
    await pool.query("select 1");
    extra = text;
    if (mode === "inline") return ledger.append("s", Added({ n: 1 }));
    await on.add(1);
    return settle(worker(), make(mode)).then(({ reason }) => {
      if (reason !== undefined) throw Object.assign(new Error(reason), { code: "projection-failed" });
    });
  };

  test.each([
    ["give up the role", "select set_config('role', 'none', true)", "left the role eventchain_projector"],
    ["change the search path", "select set_config('search_path', 'nowhere', false)", "changed search_path"],
  ])("%s fails, and leaves nothing on the connection", async (_, text, reason) => {
    const before = await standing();
    await expect(run(text)).rejects.toMatchObject({
      code: "projection-failed",
      message: expect.stringContaining(reason),
    });
    expect(await on.rows("select n from $views.seen")).toEqual([]);
    expect(await standing()).toEqual(before);
  });

  test.each([
    ["set the role for the session", "select set_config('role', 'eventchain_projector', false)"],
    ["set anything else for it", "select set_config('statement_timeout', '1h', false)"],
    ["make a temporary table", "create temp table events (n int)"],
    ["lock for the session", "select pg_advisory_lock(7)"],
  ])("%s leaves nothing on the connection", async (_, text) => {
    const before = await standing();
    await run(text);
    expect(await standing()).toEqual(before);
    expect((await pool.query("select to_regclass('pg_temp.events') as found")).rows).toEqual([{ found: null }]);
    expect((await database.pool.query(LOCKS)).rows).toEqual([]);
  });

  test("lock for the session and then fail leaves no lock", async () => {
    await expect(run("select pg_advisory_lock(7), 1 / (select 0)")).rejects.toMatchObject({
      code: "projection-failed",
    });
    expect((await database.pool.query(LOCKS)).rows).toEqual([]);
  });
});

describe("a transaction over a build", () => {
  const buildId = async (): Promise<bigint> =>
    (await on.projections.list(on.ledgerId)).projections[0]?.live?.buildId ?? 0n;

  test("in which a failed statement was passed over is not told to be committed", async () => {
    await settle(on, make("async"));
    const passedOver = worker().projections.transact(await buildId(), async ({ run }) => {
      await run("select 1 / 0", []).catch(() => undefined);
    });
    await expect(passedOver).rejects.toMatchObject({ code: "database-failed" });
  });

  test.each([";commit", ";rollback"])("that a write ends by %s fails", async (text) => {
    await settle(on, make("async"));
    const ended = worker().projections.transact(await buildId(), ({ write }) => write((run) => run(text, [])));
    await expect(ended).rejects.toMatchObject({
      code: "projection-failed",
      message: expect.stringContaining("ended the transaction"),
    });
  });
});

test("what a schema's SQL sets for the session is not left on the connection", async () => {
  const settled = async () =>
    (await pool.query("select current_setting('statement_timeout') as timeout, current_setting('role') as role")).rows;
  const before = await settled();
  const schema = "set statement_timeout = '1h'; set role eventchain_projector; create table a (n int)";
  await settle(
    worker(),
    defineProjection("dumped", { schema }).on(Added, () => undefined),
  );
  expect(await buildsOf(on, "dumped")).toMatchObject({ live: "1@0" });
  expect(await settled()).toEqual(before);
});

test.each([
  "select set_config('search_path', 'nowhere', false)",
  "select set_config('role', 'eventchain_projector', false)",
  "select pg_advisory_lock(7)",
])("reading by a statement that changes the session leaves nothing on the connection: %s", async (text) => {
  await settle(on, make("inline"));
  const before = await standing();
  await ledger.readProjections(text);
  expect(await standing()).toEqual(before);
  expect((await database.pool.query(LOCKS)).rows).toEqual([]);
});

test("reading by a statement of the transaction itself is refused", async () => {
  await expect(ledger.readProjections(";commit")).rejects.toMatchObject({ code: "invalid-argument" });
});
