// Tables of SQLite files and of CSV become events by the command line, and the events give the very rows.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseCrudMap, replayRows, type SqlRow, type SqlValue } from "@eventchain/crud";
import { type Connection, connect } from "@eventchain/ledger";
import { verifyLedger } from "@eventchain/verifier";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { runCli, startCli } from "../support/run-cli.ts";
import { runInProcess } from "../support/run-program.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";
import { sharedFile } from "../vectors/shared-data.ts";

const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let folder = "";
let origin = "";
let map = "";
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  connection = await connect({ database: database.pool });
  folder = await mkdtemp(join(tmpdir(), "eventchain-tables-"));
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  origin = `tables-${++count}.test`;
  staged = await createStagedLedger(database.pool, origin);
  map = join(folder, `${count}.map.json`);
});

interface Report {
  tables: Record<string, number | string>[];
  compared: { rows: number; different: number };
}

const run = (...args: string[]) => runInProcess(args, { database: database.url, ledger: origin });

async function importJson(file: string, ...more: string[]): Promise<Report> {
  const { exitCode, json, stderr } = await run("import", file, "--map", map, "--json", ...more);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return json() as Report;
}

const sumOf = ({ tables }: Report, field: string): number =>
  tables.reduce((sum, counts) => sum + Number(counts[field]), 0);

async function expectIntact(): Promise<void> {
  await staged.makeFinal();
  const report = await verifyLedger({ database: database.pool, trust: staged.trust, offline: true });
  expect(report.findings).toEqual([]);
}

/** A value as the driver gives it: what the file has must be what the events give, whoever reads it. */
function asDriver(value: SqlValue | undefined): unknown {
  if (value instanceof Uint8Array) return `blob ${Buffer.from(value).toString("hex")}`;
  return typeof value === "bigint" ? `integer ${value}` : value;
}

/** Every row of a SQLite file, read without the import's own code, as text to compare. */
function rowsOfFile(path: string, table: string): string[] {
  const opened = new DatabaseSync(path, { readOnly: true });
  const statement = opened.prepare(`select * from "${table}"`);
  statement.setReadBigInts(true);
  const rows = statement.all().map((row) => Object.entries(row).map(([column, value]) => [column, asDriver(value)]));
  opened.close();
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** Every row that the ledger's events give, by table. */
async function rowsOfLedger(): Promise<Map<string, string[]>> {
  const ledger = await connection.ledger(origin);
  const { tables } = parseCrudMap(JSON.parse(await readFile(map, "utf8")));
  using replayed = await replayRows(ledger, { tables });
  const toText = (row: SqlRow): string => JSON.stringify([...row].map(([column, value]) => [column, asDriver(value)]));
  return new Map(tables.map(({ name }) => [name, [...replayed.rows(name)].map(toText)]));
}

/** Rows with their columns sorted by name, as canonical JSON has them. */
const columnsSorted = (rows: readonly string[]): string[] =>
  rows.map((row) => JSON.stringify((JSON.parse(row) as [string, unknown][]).sort())).sort();

describe("a database without history", () => {
  test.for<[string, number, number]>([
    ["northwind.sqlite", 13, 3310],
    ["Chinook_Sqlite.sqlite", 11, 15_607],
  ])("%s: the replay of all its tables gives their very rows", async ([name, tables, rows], context) => {
    const file = sharedFile(context, `crud-northwind-chinook/${name}`);
    const draft = await run("import", file, "--draft-map");
    expect(draft.exitCode).toBe(0);
    await writeFile(map, draft.stdout);
    const report = await importJson(file);
    expect(report.tables).toHaveLength(tables);
    expect({ rows: sumOf(report, "rows"), created: sumOf(report, "created") }).toEqual({ rows, created: rows });
    expect(report.compared).toMatchObject({ rows, different: 0 });
    const found = await rowsOfLedger();
    expect(found.size).toBe(tables);
    for (const [table, rowsOfTable] of found)
      expect(columnsSorted(rowsOfTable), table).toEqual(columnsSorted(rowsOfFile(file, table)));
    const again = await importJson(file);
    expect({ created: sumOf(again, "created"), there: sumOf(again, "alreadyThere") }).toEqual({
      created: 0,
      there: rows,
    });
    await expectIntact();
  });
});

/** A SQLite file that a test fills and changes. */
function sqliteFile(name: string, sql: string): { path: string; exec: (sql: string) => void } {
  const path = join(folder, `${count}-${name}.sqlite`);
  const exec = (text: string): void => {
    const opened = new DatabaseSync(path);
    opened.exec(text);
    opened.close();
  };
  exec(sql);
  return { path, exec };
}

describe("a SQLite file", () => {
  test("with history: a change for each row that is one, and the time, actor and place of each", async () => {
    const { path } = sqliteFile(
      "history",
      `create table prices (seq integer primary key, op text, at text, who text, sku text, price numeric);
       insert into prices values (1, 'I', '2025-10-26 02:30:00', 'ada', 'a', 1.10), (2, 'U', '2025-11-01 09:00', 'bob', 'a', 1.10),
         (3, 'U', '2025-11-02 09:00', 'bob', 'a', 2), (4, 'I', '2025-11-02 09:00', 'bob', 'b', 5), (5, 'D', '2025-11-03', 'ada', 'b', 5);`,
    );
    const history = {
      order: ["seq"],
      at: "at",
      actor: "who",
      operation: { column: "op", insert: "I", update: "U", delete: "D" },
    };
    await writeFile(
      map,
      JSON.stringify({
        timeZone: "Europe/Berlin",
        tables: [{ name: "prices", key: ["sku"], entity: "Price", history }],
      }),
    );
    const report = await importJson(path);
    expect(report.tables).toMatchObject([{ rows: 5, created: 2, changed: 1, deleted: 1, noOp: 1, alreadyThere: 0 }]);
    const log = (await run("log", "--json")).lines();
    expect(log.map(({ type }) => type)).toEqual(["PriceCreated", "PriceChanged", "PriceCreated", "PriceDeleted"]);
    expect(log[0]).toMatchObject({ metadata: { actor: "ada", occurredAt: "2025-10-26T00:30:00.000Z" } });
    expect(log[1]).toMatchObject({
      data: { changes: { price: { from: 1.1, to: 2 } } },
      metadata: { source: { row: { seq: 3 } } },
    });
    const words = await run("import", path, "--map", map);
    expect(words.stdout).toMatch(
      /^prices: 5 rows: 0 created, 0 changed, 0 deleted, 1 no-op, 4 already there \(0 bytes/,
    );
    expect(words.stdout).toMatch(/0 events added\nthe ledger's events give the very rows of the source: 1 compared\n$/);
    await expectIntact();
  });

  test("that was changed since is brought up to date; --check alone finds it before, with exit code 1", async () => {
    const { path, exec } = sqliteFile(
      "sync",
      "create table t (id integer primary key, v); insert into t values (1, 'a'), (2, 'b')",
    );
    await writeFile(map, JSON.stringify({ tables: [{ name: "t", deleted: "record" }] }));
    await importJson(path);
    exec("update t set v = 'c' where id = 1; delete from t where id = 2; insert into t values (3, x'00')");
    const check = await run("import", path, "--map", map, "--check");
    expect(check.exitCode).toBe(1);
    expect(check.stderr).toMatch(/^t id 1, column "v": the source has text "c", the ledger's events give text "a"$/m);
    expect(check.stdout).toMatch(/^3 rows differ .*\n$/);
    const dry = await run("import", path, "--map", map, "--dry-run", "--json");
    expect(dry.json()).toMatchObject({ dryRun: true, tables: [{ created: 1, changed: 1, deleted: 1 }] });
    const report = await importJson(path);
    expect(report).toMatchObject({ tables: [{ created: 1, changed: 1, deleted: 1 }], compared: { different: 0 } });
    expect((await run("import", path, "--map", map, "--check")).exitCode).toBe(0);
    expect(await importJson(path, "--no-check")).not.toHaveProperty("compared");
    await expectIntact();
  });

  test("is imported with nothing on standard error: not a word of Node's either", async () => {
    const { path } = sqliteFile("quiet", "create table t (id integer primary key); insert into t values (1)");
    await writeFile(map, JSON.stringify({ tables: [{ name: "t" }] }));
    const args = ["import", path, "--map", map, "--ledger", origin];
    const { exitCode, stdout, stderr } = await runCli(args, { env: { DATABASE_URL: database.url } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/1 events added/);
  });

  test("a run that is killed is completed by another one, with each event once", async () => {
    const rows = 10_000;
    const { path } = sqliteFile(
      "large",
      `create table t (id integer primary key, v);
       with recursive n(i) as (select 1 union all select i + 1 from n where i < ${rows}) insert into t select i, 'row ' || i from n`,
    );
    await writeFile(map, JSON.stringify({ tables: [{ name: "t" }] }));
    const args = ["import", path, "--map", map, "--ledger", origin, "--json"];
    const env = { DATABASE_URL: database.url };
    const child = startCli(args, { env });
    const ended = new Promise((resolve) => child.once("close", resolve));
    const written = async (): Promise<number> =>
      Number(((await run("status", "--json")).json() as { size: string }).size);
    while ((await written()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    await ended;
    const before = await written();
    expect(before).toBeLessThan(rows);
    const { exitCode, stdout } = await runCli(args, { env });
    expect(exitCode).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report.compared).toMatchObject({ rows, different: 0 });
    expect(sumOf(report, "created") + sumOf(report, "alreadyThere")).toBe(rows);
    expect(sumOf(report, "alreadyThere")).toBeGreaterThanOrEqual(before);
    expect(await written()).toBe(rows);
    await expectIntact();
  });
});

test("a run that is stopped by Ctrl-C says so, and another one writes the rest", async () => {
  const { path } = sqliteFile(
    "stopped",
    `create table t (id integer primary key, v);
     with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) insert into t select i, i from n`,
  );
  await writeFile(map, JSON.stringify({ tables: [{ name: "t" }] }));
  const stop = new AbortController();
  const args = ["import", path, "--map", map, "--json"];
  const stopped = runInProcess(args, { database: database.url, ledger: origin, signal: stop.signal });
  const written = async (): Promise<number> =>
    Number(((await run("status", "--json")).json() as { size: string }).size);
  while ((await written()) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  expect((await stopped).exitCode).not.toBe(0);
  const report = await importJson(path);
  expect(report.compared).toMatchObject({ rows: 5000, different: 0 });
  expect(await written()).toBe(5000);
});

describe("a CSV file with a map of tables", () => {
  test("with history, compressed, in the file's own order", async () => {
    const file = join(folder, "prices.csv.gz");
    const lines = [
      "sku,price,at,who,op",
      "b,1,2026-01-01T00:00:00Z,ada,I",
      "a,10,2026-01-02T00:00:00Z,ada,I",
      "b,1,2026-01-03T00:00:00Z,bob,U",
      "b,,2026-01-03T00:00:00Z,bob,U",
      "a,-,2026-01-04T00:00:00Z,bob,U",
    ];
    await writeFile(file, gzipSync(`${lines.join("\n")}\n`));
    const history = { at: "at", actor: "who", operation: { column: "op", insert: "I", update: "U", delete: "D" } };
    await writeFile(map, JSON.stringify({ tables: [{ name: "prices", key: ["sku"], null: "-", history }] }));
    const report = await importJson(file);
    expect(report).toMatchObject({
      tables: [{ rows: 5, created: 2, changed: 2, noOp: 1 }],
      compared: { rows: 2, different: 0 },
    });
    const log = (await run("log", "--json", "--stream", "prices-a")).lines();
    expect(log[1]).toMatchObject({ type: "PricesChanged", data: { changes: { price: { from: "10", to: null } } } });
    expect((await importJson(file)).tables).toMatchObject([{ created: 0, changed: 0, noOp: 1, alreadyThere: 4 }]);
    await expectIntact();
  });

  test("whose history was rewritten is refused, and --check finds it", async () => {
    const file = join(folder, "cups.csv");
    const history = { at: "at", actor: "who" };
    await writeFile(map, JSON.stringify({ tables: [{ name: "cups", key: ["sku"], history }] }));
    const third = "cup,130,2025-03-01T00:00:00Z,ada";
    await writeFile(
      file,
      `sku,cents,at,who\ncup,100,2025-01-01T00:00:00Z,ada\ncup,120,2025-02-01T00:00:00Z,bob\n${third}\n`,
    );
    await importJson(file);
    await writeFile(
      file,
      `sku,cents,at,who\ncup,1,2019-01-01T00:00:00Z,eve\ncup,2,2019-02-01T00:00:00Z,eve\n${third}\ncup,140,2025-04-01T00:00:00Z,ada\n`,
    );
    const again = await run("import", file, "--map", map);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toMatch(/^cups sku cup has another history than the ledger: its change 1 is not/m);
    expect((await run("log", "--json")).lines()).toHaveLength(3);
    const check = await run("import", file, "--map", map, "--check");
    expect(check.exitCode).toBe(1);
    expect(check.stderr).toMatch(
      /^cups sku cup: the source has another history, .* 3 changes that are not how it begins$/m,
    );
  });

  test("its draft has the file's name, and no key, which the import asks for", async () => {
    const file = join(folder, "people.csv");
    await writeFile(file, "id,name\n1,Ada\n");
    const { stdout } = await run("import", file, "--draft-map");
    expect(JSON.parse(stdout)).toEqual({ tables: [{ name: "people", key: [], entity: "People", tags: [] }] });
    await writeFile(map, stdout);
    const { exitCode, stderr } = await run("import", file, "--map", map);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/tables\.0\.key is empty: table "people" has no primary key/);
  });
});

describe("what is not as it should be", () => {
  test.each<[string, string[], RegExp]>([
    ["no source", ["--map", "m"], /import takes one source/],
    ["two sources", ["a.csv", "--map", "m", "--source-env", "X"], /import takes one source/],
    ["a variable that is not set", ["--map", "MAP", "--source-env", "NO_SUCH_URL"], /NO_SUCH_URL is not set/],
    ["--check with --dry-run", ["a.csv", "--map", "m", "--check", "--dry-run"], /--check writes nothing either/],
    ["--draft-map with a map", ["a.csv", "--map", "m", "--draft-map"], /--draft-map writes nothing/],
    ["--check with a map of another kind", ["CSV", "--map", "ROWS", "--check"], /--check is for maps with "tables"/],
    ["two tables for one CSV file", ["CSV", "--map", "TWO"], /a CSV file is one table, and the map has 2/],
    ["a map with rows for a SQLite file", ["SQLITE", "--map", "ROWS"], /tables: /],
  ])("%s: exit code 2, one line, nothing written", async (_what, args, message) => {
    const files: Record<string, [string, string]> = {
      MAP: ["one.json", JSON.stringify({ tables: [{ name: "t" }] })],
      TWO: ["two.json", JSON.stringify({ tables: [{ name: "t" }, { name: "u" }] })],
      ROWS: ["rows.json", JSON.stringify({ stream: "s-{id}", type: "A", data: "*" })],
      CSV: ["rows.csv", "id\n1\n"],
      SQLITE: ["magic.bin", "SQLite format 3\0"],
    };
    const given: string[] = [];
    for (const arg of args) {
      const [name, text] = files[arg] ?? [];
      if (name !== undefined) await writeFile(join(folder, name), text ?? "");
      given.push(name === undefined ? arg : join(folder, name));
    }
    const { exitCode, stderr } = await run("import", ...given);
    expect({ exitCode, lines: stderr.trim().split("\n").length }).toEqual({ exitCode: 2, lines: 1 });
    expect(stderr).toMatch(message);
  });

  test("bad rows are named, and nothing is written", async () => {
    const { path } = sqliteFile(
      "bad",
      "create table t (id text primary key, v); insert into t values (null, 1), ('a', 1), ('', 2)",
    );
    await writeFile(map, JSON.stringify({ tables: [{ name: "t" }] }));
    const { exitCode, stderr, stdout } = await run("import", path, "--map", map);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^t id NULL has NULL in "id", a column of its key$/m);
    expect(stderr).toMatch(/2 rows cannot be recorded, so nothing was written/);
    expect((await run("log", "--json")).lines()).toEqual([]);
  });
});
