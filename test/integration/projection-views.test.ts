import { dropBuildSchema, swapViews } from "@eventchain/store/testing";
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const ROLE = "eventchain_projector";
let database: TestDatabase;
let ledger = 0;
/** What people read. */
let schema: string;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  ledger += 1;
  schema = `ledger_${ledger}`;
  await database.pool.query("select eventchain.make_projection_schema($1)", [schema]);
});

async function asProjector<T>(work: (connection: pg.PoolClient) => Promise<T>): Promise<T> {
  const connection = await database.pool.connect();
  try {
    await connection.query(`begin; set local role ${ROLE}`);
    const result = await work(connection);
    await connection.query("commit");
    return result;
  } catch (error) {
    await connection.query("rollback");
    throw error;
  } finally {
    connection.release();
  }
}

async function build(number: number, sql: string): Promise<string> {
  const name = `${schema}_build_${number}`;
  await database.pool.query("select eventchain.make_projection_schema($1)", [name]);
  await asProjector((connection) => connection.query(`set local search_path to ${name}; ${sql}`));
  return name;
}

function swap(to: string, from?: string): Promise<void> {
  return asProjector(async (connection) => {
    await swapViews(connection, { schema, to, from, tries: 0 });
    if (from !== undefined) await dropBuildSchema(connection, from);
  });
}

async function rows(text: string): Promise<unknown[]> {
  return (await database.pool.query(text.replaceAll("$schema", schema))).rows;
}

const counts = "create table counts (stream text primary key, n bigint not null)";

describe("a swap", () => {
  test("gives the tables and views of a first build under their own names, for readers and writers", async () => {
    await swap(
      await build(1, `${counts}; insert into counts values ('a', 1); create view big as select * from counts`),
    );
    expect(await rows("select * from $schema.counts")).toEqual([{ stream: "a", n: "1" }]);
    expect(await rows("select * from $schema.big")).toEqual([{ stream: "a", n: "1" }]);
    expect(
      await rows(
        "select has_table_privilege(r, '$schema.counts', 'select') as may from unnest('{eventchain_reader,eventchain_writer}'::text[]) r",
      ),
    ).toEqual([{ may: true }, { may: true }]);
  });

  test("carries comments over, and takes those away that the new tables have not", async () => {
    await swap(
      await build(1, `${counts}; comment on table counts is 'First'; comment on column counts.n is 'How many'`),
    );
    const read =
      "select obj_description('$schema.counts'::regclass) as t, col_description('$schema.counts'::regclass, 2) as n";
    expect(await rows(read)).toEqual([{ t: "First", n: "How many" }]);
    await swap(await build(2, `${counts}; comment on column counts.stream is 'Of it'`), `${schema}_build_1`);
    expect(await rows(read)).toEqual([{ t: null, n: null }]);
  });

  test("drops the old build's schema, and the view of a table that is no more", async () => {
    const old = await build(1, `${counts}; create table gone (a int)`);
    await swap(old);
    await swap(await build(2, counts), old);
    expect(await rows("select to_regnamespace('$schema_build_1') as s, to_regclass('$schema.gone') as t")).toEqual([
      { s: null, t: null },
    ]);
  });

  test("keeps a view that others' views read where the columns allow it", async () => {
    const old = await build(1, counts);
    await swap(old);
    await database.pool.query(`create view public.report_${ledger} as select n from ${schema}.counts`);
    await swap(
      await build(2, "create table counts (stream text, n bigint, at int); insert into counts values ('b', 7)"),
      old,
    );
    expect(await rows(`select n from public.report_${ledger}`)).toEqual([{ n: "7" }]);
  });

  test("makes a view anew where the columns differ, with the grants that it had", async () => {
    const old = await build(1, counts);
    await swap(old);
    const role = `"Report ${schema} ${database.url.slice(-8)}"`;
    await database.pool.query(`create role ${role}; grant select on ${schema}.counts to ${role} with grant option`);
    await database.pool.query(`revoke select on ${schema}.counts from eventchain_writer`);
    const grants = `select g.grantee::regrole::text as "to", g.is_grantable as more from pg_class c, aclexplode(c.relacl) g
      where c.oid = '$schema.counts'::regclass and g.grantee <> c.relowner order by 1`;
    const before = await rows(grants);
    expect(before).toContainEqual({ to: role, more: true });
    await swap(await build(2, "create table counts (n int, stream text)"), old);
    expect(await rows(grants)).toEqual(before);
    await database.pool.query(`drop owned by ${role}; drop role ${role}`);
  });

  test("is refused, naming it, where somebody else's view would be lost, and changes nothing", async () => {
    const old = await build(1, `${counts}; insert into counts values ('a', 1)`);
    await swap(old);
    await database.pool.query(`create view public.lost_${ledger} as select n from ${schema}.counts`);
    const next = await build(2, "create table counts (n text)");
    await expect(swap(next, old)).rejects.toMatchObject({
      code: "projection-failed",
      message: expect.stringContaining(`lost_${ledger}`),
    });
    expect(await rows("select n from $schema.counts")).toEqual([{ n: "1" }]);
  });

  test("is refused where somebody else's view reads a table of the old build", async () => {
    const old = await build(1, counts);
    await swap(old);
    await database.pool.query(`create view public.deep_${ledger} as select n from ${old}.counts`);
    await expect(swap(await build(2, counts), old)).rejects.toMatchObject({
      code: "projection-failed",
      message: expect.stringContaining(`deep_${ledger}`),
    });
  });

  test("is refused where another projection, or a table of somebody, has the name", async () => {
    await swap(await build(1, counts));
    await expect(swap(await build(2, counts))).rejects.toMatchObject({
      code: "projection-failed",
      message: expect.stringContaining(`${schema}.counts is a view of ${schema}_build_1`),
    });
    await database.pool.query(`create table ${schema}.mine (a int)`);
    await expect(swap(await build(3, "create table mine (a int)"))).rejects.toMatchObject({
      message: expect.stringContaining(`${schema}.mine is no view`),
    });
  });

  test("takes names as they are written", async () => {
    await swap(
      await build(1, `create table "Odd ""name" ("a;b" int); comment on column "Odd ""name"."a;b" is 'it''s \\'`),
    );
    expect(await rows(`select col_description('$schema."Odd ""name"'::regclass, 1) as c`)).toEqual([{ c: "it's \\" }]);
  });
});

describe("readers", () => {
  test("that hold the view make the swap give up before anybody is taken for deadlocked", async () => {
    const old = await build(1, counts);
    await swap(old);
    const next = await build(2, counts);
    const reader = await database.pool.connect();
    await reader.query("begin");
    await reader.query(`select * from ${schema}.counts`);
    await expect(swap(next, old)).rejects.toMatchObject({ code: "timeout", retryable: true });
    await reader.query("commit");
    reader.release();
    await swap(next, old);
  });

  test("that wait for the swap read the new build", async () => {
    const old = await build(1, "create table counts (n int); insert into counts values (1)");
    await swap(old);
    const next = await build(2, "create table counts (other int, n int); insert into counts values (0, 2)");
    let read: Promise<unknown> | undefined;
    await asProjector(async (connection) => {
      await swapViews(connection, { schema, to: next, from: old, tries: 0 });
      read = rows("select n from $schema.counts");
      await waiting();
      await dropBuildSchema(connection, old);
    });
    expect(await read).toEqual([{ n: 2 }]);
  });

  test("with a prepared statement read the new build too", async () => {
    const old = await build(1, "create table counts (n int); insert into counts values (1)");
    await swap(old);
    const reader = await database.pool.connect();
    const prepared = { name: "counts", text: `select sum(n)::int as n from ${schema}.counts` };
    for (let round = 0; round < 7; round += 1) expect((await reader.query(prepared)).rows).toEqual([{ n: 1 }]);
    await swap(await build(2, "create table counts (n int); insert into counts values (2)"), old);
    expect((await reader.query(prepared)).rows).toEqual([{ n: 2 }]);
    reader.release();
  });
});

/** Resolves once a session of this database waits for a lock. */
async function waiting(): Promise<void> {
  const sessions = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  while ((await database.pool.query(sessions)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
