// Tables of a Postgres database become events, exact to the type, and the events give the very rows.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPostgresSource, parseCrudMap, replayRows, type SqlRow, type SqlValue } from "@eventchain/crud";
import { type Connection, connect } from "@eventchain/ledger";
import { verifyLedger } from "@eventchain/verifier";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createEmptyDatabase, createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";
import { runInProcess } from "../support/run-program.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

let database: TestDatabase;
let source: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let folder = "";
let origin = "";
let map = "";
let count = 0;

beforeAll(async () => {
  [database, source] = await Promise.all([createTestDatabase(), createEmptyDatabase()]);
  connection = await connect({ database: database.pool });
  folder = await mkdtemp(join(tmpdir(), "eventchain-postgres-"));
});
afterAll(async () => {
  await connection?.close();
  await Promise.all([database?.drop(), source?.drop()]);
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  origin = `postgres-${++count}.test`;
  staged = await createStagedLedger(database.pool, origin);
  map = join(folder, `${count}.map.json`);
  await source.pool.query("drop schema public cascade; drop schema if exists other cascade; create schema public");
});

const run = (...args: string[]) =>
  runInProcess(["import", "--source-env", "SOURCE_URL", ...args], {
    database: database.url,
    ledger: origin,
    env: { SOURCE_URL: source.url },
  });

async function importJson(tables: object[], ...more: string[]): Promise<object> {
  await writeFile(map, JSON.stringify({ timeZone: "UTC", tables }));
  const { exitCode, json, stderr } = await run("--map", map, "--json", ...more);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return json() as object;
}

async function replayed(tables: object[], table: string): Promise<SqlRow[]> {
  using rows = await replayRows(await connection.ledger(origin), parseCrudMap({ tables }));
  return [...rows.rows(table)];
}

async function expectIntact(): Promise<void> {
  await staged.makeFinal();
  const report = await verifyLedger({ database: database.pool, trust: staged.trust, offline: true });
  expect(report.findings).toEqual([]);
}

/** A value as a literal that its column's type reads. */
function literal(value: SqlValue | undefined): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString("hex")}`;
  if (typeof value !== "object") return Object.is(value, -0) ? "-0" : String(value);
  return value.kind === "numeric" ? value.text : JSON.stringify(value);
}

const ALL_TYPES = `
  create type mood as enum ('sad', 'glad');
  create domain positive as int check (value > 0);
  create table kinds (
    id bigint primary key, small smallint, int int, big bigint, f4 real, f8 double precision, num numeric, num2 numeric(10, 2),
    ok boolean, txt text, vc varchar(9), ch char(5), bin bytea, d date, t time, ts timestamp, tz timestamptz, iv interval,
    u uuid, j json, jb jsonb, arr int[], texts text[], ip inet, m mood, dom positive, r int4range, pt point, gen int generated always as (small::int * 2) stored, mon money, bits bit varying(9), x xml)`;

describe("a database of Postgres", () => {
  test("every type comes back as the very value: rows that are written from the replay are those of the source", async () => {
    await source.pool.query(`${ALL_TYPES};
      insert into kinds values
      (1, -32768, 2147483647, 9223372036854775807, 0.1, 0.1, 1.50, 1.5, true, 'Ünï ☃ "q" \\ ' || chr(1), 'v', 'ab', '\\x00ff', '2026-01-31',
       '09:30:00.123456', '2026-01-31 09:30:00.123456', '2026-01-31 09:30:00.123456+02', '1 year 2 days 03:04:05.6',
       'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b": 1,  "a": [1, 2.50]}', '{"b": 1, "a": 12345678901234567890.10}', '{1,null,3}',
       '{"a,b",null,"\\"","NULL"}', '10.0.0.0/8', 'glad', 7, '[1,5)', '(1.5,2)', default, '12.34', '10101', '<a>x</a>'),
      (2, 0, 0, -9223372036854775808, 'NaN', 'Infinity', 'NaN', -0.00, false, '', '', '', '', 'infinity', '24:00', '-infinity', 'infinity',
       '-1 mon', null, 'null', 'null', '{}', '{}', '::1', 'sad', 1, 'empty', '(0,-0)', default, '-0.01', '', ''),
      (3, null, null, null, '-0', '-0', 123456789012345678901234567890.123456789, null, null, null, null, null, null, '0044-03-15 BC', null,
       '1996-07-04', '1883-11-18 12:00:00 America/New_York', null, null, null, null, null, null, null, null, null, null, null, default, null, null, null),
      (9007199254740993, 1, 1, 1, 3.4e38, 5e-324, 1e-20, 0, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
       null, null, null, null, null, default, null, null, null)`);
    const tables = [{ name: "kinds", entity: "Kind" }];
    expect(await importJson(tables)).toMatchObject({ tables: [{ created: 4 }], compared: { rows: 4, different: 0 } });
    const rows = await replayed(tables, "kinds");
    const columns = [...(rows[0]?.keys() ?? [])].filter((column) => column !== "gen");
    await source.pool.query("create table again (like kinds including generated)");
    for (const row of rows) {
      const values = columns.map((column) => literal(row.get(column)));
      // Each is read by its column's own type.
      const places = columns.map((_, at) => `$${at + 1}`);
      await source.pool.query(`insert into again (${columns.join(", ")}) values (${places.join(", ")})`, values);
    }
    const { rows: different } = await source.pool.query(
      "select k.id from kinds k full join again a on a.id = k.id where k::text is distinct from a::text",
    );
    expect(different).toEqual([]);
    expect(rows.find((row) => row.get("id") === 3n)?.get("f8")).toBe(-0);
    await expectIntact();
  });

  test("with history: what triggers kept becomes what the table is", async () => {
    await source.pool.query(`
      create table customer (id int primary key, name text, credit numeric(10, 2));
      create table customer_history (seq bigserial primary key, op text, changed_at timestamptz, changed_by text, like customer);
      create function keep() returns trigger language plpgsql as $$ begin
        insert into customer_history (op, changed_at, changed_by, id, name, credit)
          select left(tg_op, 1), clock_timestamp(), current_setting('app.who'), r.id, r.name, r.credit
          from (select (case tg_op when 'DELETE' then old else new end).*) r;
        return null;
      end $$;
      create trigger keep after insert or update or delete on customer for each row execute function keep();
      set app.who = 'ada';
      insert into customer values (1, 'a', 10), (2, 'b', 20), (3, 'c', 30);
      update customer set credit = 11.50 where id = 1;
      update customer set credit = credit where id = 2;
      set app.who = 'bob';
      delete from customer where id = 3;
      update customer set name = 'bb' where id = 2;
      insert into customer values (3, 'again', 1)`);
    const operation = { column: "op", insert: "I", update: "U", delete: "D" };
    const history = { table: "customer_history", order: ["seq"], at: "changed_at", actor: "changed_by", operation };
    const tables = [{ name: "customer", tags: ["customer:{id}"], history }];
    expect(await importJson(tables)).toMatchObject({
      tables: [{ rows: 8, created: 4, changed: 2, deleted: 1, noOp: 1 }],
      compared: { rows: 3, different: 0 },
      leftOut: [],
    });
    const ledger = await connection.ledger(origin);
    const [changed] = await Array.fromAsync(ledger.readAll({ filter: { types: ["CustomerChanged"] } }));
    expect(changed).toMatchObject({
      data: { key: { id: 1 }, changes: { credit: { from: { $numeric: "10.00" }, to: { $numeric: "11.50" } } } },
      tags: ["customer:1"],
      metadata: { actor: "ada", occurredAt: expect.stringMatching(/^\d{4}-.*Z$/), source: { kind: "postgres" } },
    });
    await source.pool.query("set app.who = 'cy'; update customer set credit = 0 where id = 1");
    expect(await importJson(tables)).toMatchObject({ tables: [{ changed: 1, noOp: 1, alreadyThere: 7 }] });
    await source.pool.query(
      "alter table customer disable trigger keep; update customer set name = 'unseen' where id = 1",
    );
    const check = await run("--map", map, "--check");
    expect(check.exitCode).toBe(1);
    expect(check.stderr).toBe(
      `customer id 1, column "name": the source has text "unseen", the ledger's events give text "a"\n`,
    );
    await expectIntact();
  });

  test("digests: a second run adds nothing, with history or without", async () => {
    await source.pool.query(`
      create table doc (id int primary key, body bytea);
      insert into doc values (1, '\\x00ff'), (2, '\\x'), (3, null);
      create table doc_log (seq int primary key, at timestamptz, id int, body text);
      insert into doc_log values (1, '2026-01-01', 1, 'a'), (2, '2026-01-02', 1, 'b'), (3, '2026-01-03', 1, 'b')`);
    const digest = ["body"];
    const tables = [
      { name: "doc", entity: "Doc", deleted: "record", digest },
      { name: "doc_log", entity: "Text", key: ["id"], digest, history: { order: ["seq"], at: "at" } },
    ];
    expect(await importJson(tables)).toMatchObject({ tables: [{ created: 3 }, { created: 1, changed: 1, noOp: 1 }] });
    expect(await importJson(tables)).toMatchObject({
      tables: [
        { created: 0, changed: 0, alreadyThere: 3 },
        { created: 0, changed: 0, noOp: 1, alreadyThere: 2 },
      ],
      compared: { different: 0 },
    });
  });

  test("all its tables by a draft: composite keys, other schemas, partitions and odd names; and as they are changed", async () => {
    await source.pool.query(`
      create schema other;
      create table other."Odd ""Name" (a text, b int, "v w" text, primary key (b, a));
      insert into other."Odd ""Name" values ('x', 1, 'one'), ('y', 1, 'two');
      create table parts (id int primary key, v text) partition by range (id);
      create table parts_low partition of parts for values from (0) to (10);
      create table parts_high partition of parts for values from (10) to (20);
      insert into parts select i, 'v' || i from generate_series(1, 19) i;
      create table base (id int primary key);
      create table derived (primary key (id)) inherits (base);
      insert into base values (1); insert into derived values (2);
      create table refers (id int primary key, part int references parts, a text, b int, foreign key (b, a) references other."Odd ""Name");
      insert into refers values (1, 7, 'x', 1), (2, null, null, null);
      create view shown as select 1`);
    const draft = await run("--draft-map");
    expect(draft.exitCode).toBe(0);
    const { tables } = JSON.parse(draft.stdout) as { tables: { name: string; tags: string[] }[] };
    expect(tables.map(({ name }) => name)).toEqual(["base", "derived", 'other.Odd "Name', "parts", "refers"]);
    expect(tables.at(-1)?.tags).toEqual(["refers:{id}", "otherOddName:{b}-{a}", "parts:{part}"]);
    expect(await importJson(tables)).toMatchObject({ compared: { rows: 25, different: 0 }, leftOut: [] });
    await source.pool.query(
      "update parts set v = 'new' where id > 17; delete from derived; update refers set part = 8 where id = 1",
    );
    expect(await importJson(tables)).toMatchObject({
      tables: [
        { alreadyThere: 1 },
        { deleted: 1 },
        { alreadyThere: 2 },
        { changed: 2, alreadyThere: 17 },
        { changed: 1 },
      ],
      compared: { rows: 24, different: 0 },
    });
    await expectIntact();
  });

  test("its URL comes from the environment, and no password is told", async () => {
    const role = `crud_${new URL(source.url).pathname.slice(-8)}`;
    await onServer(`create role ${role} login password 'not-to-be-told'`);
    try {
      await source.pool.query("create table secret (id int primary key); insert into secret values (1)");
      const url = urlOf(new URL(source.url).pathname.slice(1), role, "not-to-be-told");
      await writeFile(map, JSON.stringify({ tables: [{ name: "secret" }] }));
      const denied = await runInProcess(["import", "--source-env", "SOURCE_URL", "--map", map, "--json"], {
        database: database.url,
        ledger: origin,
        env: { SOURCE_URL: url },
      });
      expect(denied.exitCode).toBe(2);
      expect(denied.stderr).toMatch(/the source database: permission denied/);
      expect(denied.stdout + denied.stderr).not.toContain("not-to-be-told");
    } finally {
      await onServer(`drop role ${role}`);
    }
  });

  test("where it cannot be reached, the variable is named, and the option that names another", async () => {
    const { exitCode, stderr } = await runInProcess(["import", "--source-env", "SOURCE_URL", "--draft-map"], {
      database: database.url,
      ledger: origin,
      env: { SOURCE_URL: "postgres://u:hush@127.0.0.1:1/app" },
    });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/\(SOURCE_URL\): .*: start it, or give another by --source-env/);
    expect(stderr).not.toContain("--database");
  });

  test("is seen as it is when the import begins, whatever is written meanwhile", async () => {
    await source.pool.query(
      "create table t (id int primary key, v int); insert into t select i, 0 from generate_series(1, 500) i",
    );
    await using opened = await openPostgresSource(source.url);
    const order = { key: ["id"], within: [] };
    let rows = 0;
    for await (const [, v] of opened.rows("t", ["id", "v"], order)) {
      if (rows === 0) await source.pool.query("update t set v = 1; delete from t where id > 400");
      expect(v).toBe(0n);
      rows += 1;
    }
    expect(rows).toBe(500);
    expect((await opened.tables()).map(({ rows: listed }) => listed)).toEqual([500n]);
  });
});
