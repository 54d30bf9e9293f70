import { copyFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { classOf, type SqlValue } from "../values/sql-value.ts";
import { isSqliteFile, openSqliteSource } from "./open-sqlite.ts";
import { makeSqliteFile } from "./sqlite-file.fixture.ts";
import type { RowOrder, TableSource } from "./types.ts";

const { signal } = new AbortController();
let file: Awaited<ReturnType<typeof makeSqliteFile>>;

beforeAll(async () => {
  file = await makeSqliteFile();
  file.exec(`
    create table "odd ""name" (id integer primary key, any, n numeric);
    insert into "odd ""name" values (1, 9223372036854775807, 1.5), (2, 2.0, 2.0), (3, -0.0, '1.50x'), (4, 9e999, null),
      (5, '', x''), (6, 'a' || char(0) || 'b', '☃'), (7, cast(x'61ff' as text), x'00ff'), (8, -9223372036854775808, 0.1);
    create table parent (a text, b int, primary key (b, a)) without rowid;
    create table child (id integer primary key, pa text, pb int, other int references "odd ""name",
      foreign key (pb, pa) references parent (b, a));
    create table plain (x);
    insert into plain (rowid, x) values (7, 'seven'), (3, 'three');
    create table sums (a int primary key, doubled int generated always as (a * 2) virtual);
    insert into sums values (21);
    create table words (word text collate nocase primary key);
    insert into words values ('b'), ('A');
    create view v as select 1;
    create virtual table search using fts5(text);
    create table counted (id integer primary key autoincrement);`);
});
afterAll(() => file[Symbol.asyncDispose]());

async function read(
  source: TableSource,
  table: string,
  columns: string[],
  order: RowOrder,
): Promise<(readonly SqlValue[])[]> {
  return await Array.fromAsync(source.rows(table, columns, order));
}

describe("a SQLite file", () => {
  test("is known by its first bytes, whatever its name is", async () => {
    const other = join(file.folder, "no.sqlite");
    await writeFile(other, "SQLite format 3, almost");
    expect(await isSqliteFile(file.path)).toBe(true);
    expect(await isSqliteFile(other)).toBe(false);
    expect(await isSqliteFile(join(file.folder, "none"))).toBe(false);
    expect(await isSqliteFile(file.folder)).toBe(false);
  });

  test("lists its own tables with keys and foreign keys, without views, virtual tables and SQLite's own", async () => {
    await using source = await openSqliteSource(file.path, signal);
    const tables = await source.tables();
    expect(tables.map(({ name, key, rows }) => [name, key, rows])).toEqual([
      ["child", ["id"], 0n],
      ["counted", ["id"], 0n],
      ['odd "name', ["id"], 8n],
      ["parent", ["b", "a"], 0n],
      ["plain", ["rowid"], 2n],
      ["sums", ["a"], 1n],
      ["words", ["word"], 2n],
    ]);
    expect(tables.find(({ name }) => name === "child")?.foreignKeys).toEqual([
      { columns: ["pb", "pa"], table: "parent" },
      { columns: ["other"], table: 'odd "name' },
    ]);
    expect(source.identity).toEqual({ kind: "sqlite", digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test("gives each value with its storage class", async () => {
    await using source = await openSqliteSource(file.path, signal);
    const rows = await read(source, 'odd "name', ["id", "any", "n"], { key: ["id"], within: [] });
    expect(rows.map(([, any, n]) => [classOf(any ?? null), classOf(n ?? null)])).toEqual([
      ["integer", "real"],
      ["real", "integer"],
      ["real", "text"],
      ["real", "null"],
      ["text", "blob"],
      ["text", "text"],
      ["text", "blob"],
      ["integer", "real"],
    ]);
    expect(rows.map(([, any]) => any)).toEqual([
      9223372036854775807n,
      2,
      -0,
      Number.POSITIVE_INFINITY,
      "",
      { kind: "text", encoding: "utf-8", bytes: Uint8Array.of(97, 0, 98) },
      { kind: "text", encoding: "utf-8", bytes: Uint8Array.of(97, 255) },
      -9223372036854775808n,
    ]);
  });

  test("gives a rowid where there is no key, generated columns, and keys in the order of their bytes", async () => {
    await using source = await openSqliteSource(file.path, signal);
    const byRowid = { key: ["rowid"], within: [] };
    expect(await read(source, "plain", ["rowid", "x"], byRowid)).toEqual([
      [3n, "three"],
      [7n, "seven"],
    ]);
    expect(await read(source, "sums", ["a", "doubled"], { key: ["a"], within: [] })).toEqual([[21n, 42n]]);
    expect(await read(source, "words", ["word"], { key: ["word"], within: [] })).toEqual([["A"], ["b"]]);
  });

  test.each([16, 8])("of UTF-%d gives the same texts", async (bits) => {
    await using utf = await makeSqliteFile();
    utf.exec(
      `${bits === 16 ? "pragma encoding = 'UTF-16be';" : ""} create table t (a text); insert into t values ('☃𝄞'), ('')`,
    );
    await using source = await openSqliteSource(utf.path, signal);
    expect(await read(source, "t", ["a"], { key: ["rowid"], within: [] })).toEqual([["☃𝄞"], [""]]);
  });

  test("is read with its write-ahead log, as it was at one moment", async () => {
    await using wal = await makeSqliteFile();
    const writer = wal.keepOpen();
    writer.exec("pragma journal_mode = wal; create table t (id integer primary key); insert into t values (1)");
    await using source = await openSqliteSource(wal.path, signal);
    writer.exec("insert into t values (2)");
    writer.close();
    expect(await read(source, "t", ["id"], { key: ["id"], within: [] })).toEqual([[1n]]);
  });

  test("that is cut off is refused, by name", async () => {
    const cut = join(file.folder, "cut.sqlite");
    await copyFile(file.path, cut);
    await truncate(cut, 5000);
    await expect(openSqliteSource(cut, signal).then((source) => source.tables())).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining(cut),
    });
  });
});
