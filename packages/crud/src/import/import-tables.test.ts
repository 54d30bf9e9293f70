import { createHash } from "node:crypto";
import type { LedgerEvent } from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseCrudMap } from "../map/map-schema.ts";
import { replayRows } from "../replay/replay-rows.ts";
import { rowModel } from "../rows/row-events.ts";
import { openSqliteSource } from "../sources/open-sqlite.ts";
import { makeSqliteFile } from "../sources/sqlite-file.fixture.ts";
import { type ImportOptions, importTables } from "./import-tables.ts";
import type { ImportReport } from "./report.ts";

const { signal } = new AbortController();
const people = { name: "people", entity: "Person" };
let file: Awaited<ReturnType<typeof makeSqliteFile>>;
let ledger: ReturnType<typeof openMemoryLedger>;

beforeEach(async () => {
  file = await makeSqliteFile();
  ledger = openMemoryLedger();
});
afterEach(() => file[Symbol.asyncDispose]());

async function run(tables: object | object[], options: Partial<ImportOptions> & { timeZone?: string } = {}) {
  const { timeZone, ...more } = options;
  await using source = await openSqliteSource(file.path, signal);
  const map = parseCrudMap({ timeZone, tables: [tables].flat() });
  return await importTables({ ledger, source, map, signal, ...more });
}

const counted = ({ tables: [first] }: ImportReport): object => {
  const { created, changed, deleted, noOp, alreadyThere } = first ?? {};
  return { created, changed, deleted, noOp, alreadyThere };
};
const counts = { created: 0, changed: 0, deleted: 0, noOp: 0, alreadyThere: 0 };

const events = (): Promise<LedgerEvent[]> => Array.fromAsync(ledger.readAll());

async function badRows(tables: object): Promise<{ row: string; message: string }[]> {
  const error = await run(tables).then(
    () => expect.fail("accepted"),
    (thrown: { code: string; values: { badRows: { row: string; message: string }[] } }) => thrown,
  );
  expect(error.code).toBe("invalid-argument");
  expect(await events()).toEqual([]);
  return error.values.badRows;
}

describe("a table without history", () => {
  beforeEach(() => file.exec("create table people (id integer primary key, name, age, boss, seen)"));

  test("becomes an event for each row, with its tags, time, actor and source", async () => {
    file.exec("insert into people values (7, 'Ada', 36, null, '1843-01-01'), (8, 'Bob', 2.0, 7, null)");
    const { digest } = await openSqliteSource(file.path, signal).then(({ identity }) => identity);
    const table = {
      ...people,
      stream: "person-{id}",
      tags: ["person:{id}", "boss:{boss}"],
      time: "seen",
      actor: "boss",
    };
    const report = await run(table, { timeZone: "UTC" });
    expect(counted(report)).toEqual({ ...counts, created: 2 });
    expect(report.compared).toMatchObject({ rows: 2, different: 0 });
    expect(await events()).toMatchObject([
      {
        stream: "person-7",
        type: "PersonImported",
        tags: ["person:7"],
        data: { key: { id: 7 }, values: { id: 7, name: "Ada", age: 36, boss: null, seen: "1843-01-01" } },
        metadata: {
          occurredAt: "1843-01-01T00:00:00.000Z",
          source: { kind: "sqlite", digest, table: "people" },
        },
      },
      {
        stream: "person-8",
        tags: ["boss:7", "person:8"],
        data: { values: { age: { $real: "2" } } },
        metadata: { actor: "7" },
      },
    ]);
    expect((await events())[0]?.metadata).not.toHaveProperty("actor");
    expect((await events())[1]?.metadata).not.toHaveProperty("occurredAt");
  });

  test("a second run adds nothing; a third records what was changed, deleted and added", async () => {
    file.exec("insert into people (id, name, age) values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)");
    const table = { ...people, deleted: "record" };
    await run(table);
    expect(counted(await run(table))).toEqual({ ...counts, alreadyThere: 3 });
    file.exec(
      "update people set age = 2.0 where id = 2; delete from people where id = 3; insert into people (id) values (4)",
    );
    const report = await run(table);
    expect(counted(report)).toEqual({ ...counts, created: 1, changed: 1, deleted: 1, alreadyThere: 1 });
    expect(report.compared).toMatchObject({ rows: 3, different: 0 });
    expect((await events()).slice(3)).toMatchObject([
      { type: "PersonChanged", data: { key: { id: 2 }, changes: { age: { from: 2, to: { $real: "2" } } } } },
      { type: "PersonImported", data: { key: { id: 4 } } },
      { type: "PersonDeleted", stream: "people-3", data: { key: { id: 3 } } },
    ]);
    file.exec("insert into people (id, name) values (3, 'again')");
    expect(counted(await run(table))).toEqual({ ...counts, created: 1, alreadyThere: 3 });
  });

  test("a change has the row's time and actor only where it wrote them", async () => {
    file.exec("insert into people values (1, 'a', 1, 'ada', '2016-07-04T00:00:00Z')");
    const table = { ...people, time: "seen", actor: "boss" };
    await run(table);
    for (const change of [
      "age = 2",
      "age = 3, seen = '2026-01-01T00:00:00Z'",
      "age = 4, boss = 'bob'",
      "boss = null",
    ]) {
      file.exec(`update people set ${change}`);
      await run(table);
    }
    const told = (await events()).map(({ metadata }) => [metadata?.occurredAt, metadata?.actor]);
    expect(told).toEqual([
      ["2016-07-04T00:00:00.000Z", "ada"],
      [undefined, undefined],
      ["2026-01-01T00:00:00.000Z", undefined],
      [undefined, "bob"],
      [undefined, undefined],
    ]);
  });

  test("rows that are gone want a word in the map: nothing is deleted, or kept, in silence", async () => {
    file.exec("insert into people (id) values (1), (2)");
    await run(people);
    file.exec("delete from people where id = 1; update people set name = 'x'");
    await expect(run(people)).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(/1 rows of people .* no longer in the source.*"record" or "ignore"/),
    });
    expect(await events()).toHaveLength(2);
    const report = await run({ ...people, deleted: "ignore" });
    expect(report.tables[0]).toMatchObject({ changed: 1, deleted: 0, kept: 1 });
    expect(report.compared).toMatchObject({ different: 0, kept: 1 });
  });

  test("a column that came, or went, is a field that was not there, or is not", async () => {
    file.exec("insert into people (id) values (1)");
    await run(people);
    file.exec("alter table people add column mail; alter table people drop column seen");
    const report = await run(people);
    expect(report.compared).toMatchObject({ rows: 1, different: 0 });
    expect((await events())[1]?.data).toEqual({
      key: { id: 1 },
      changes: { mail: { to: null }, seen: { from: null } },
    });
  });

  test("columns can be left out, or kept as digests", async () => {
    file.exec("insert into people (id, name, age) values (1, 'secret', x'0102')");
    const report = await run({ ...people, leaveOut: ["name"], digest: ["age", "boss"], key: ["id"], tags: ["{name}"] });
    expect(report.compared).toMatchObject({ rows: 1, different: 0 });
    const sha256 = createHash("sha256").update(Uint8Array.of(1, 2)).digest("hex");
    expect((await events())[0]?.data).toEqual({
      key: { id: 1 },
      values: { id: 1, age: { $digest: { of: "blob", sha256, bytes: 2 } }, boss: null, seen: null },
    });
    file.exec("update people set age = x'0103'");
    expect(counted(await run({ ...people, leaveOut: ["name"], digest: ["age", "boss"] }))).toMatchObject({
      changed: 1,
    });
  });

  test("a row too large for an event is refused with the column at fault, and fits as a digest", async () => {
    file.exec("insert into people (id, name, age) values (1, zeroblob(1000000), zeroblob(500))");
    expect(await badRows(people)).toEqual([
      {
        row: "people id 1",
        message: expect.stringMatching(/too large.*column "name" of 1333\d+ bytes.*digest.*leaveOut/),
      },
    ]);
    expect((await run({ ...people, digest: ["name"] })).compared).toMatchObject({ rows: 1, different: 0 });
  });

  test("what is bad is named row by row, and nothing is written", async () => {
    file.exec(
      "create table keyed (k text primary key, t); insert into keyed values (null, 1), ('', 1), ('a', 'noon'), ('b', null)",
    );
    const rows = await badRows({ name: "keyed", time: "t" });
    expect(rows.map(({ row, message }) => `${row} ${message}`)).toEqual([
      expect.stringMatching(/^keyed k NULL has NULL in "k"/),
      expect.stringMatching(/^keyed k {2}has nothing in "k"/),
      expect.stringMatching(/^keyed k a column "t": "noon" is not a time/),
    ]);
  });

  test("keys that give two rows one stream are refused", async () => {
    file.exec("create table pairs (a, b); insert into pairs values ('x-y', 'z'), ('x', 'y-z'), ('x', 'y-z')");
    const rows = await badRows({ name: "pairs", key: ["a", "b"] });
    expect(rows.map(({ message }) => message)).toEqual([
      expect.stringMatching(/stream "pairs-x-y-z", as another row has/),
      expect.stringMatching(/stream "pairs-x-y-z", as another row has/),
    ]);
  });

  test("another stream for a row that the ledger has is refused", async () => {
    file.exec("insert into people (id) values (1)");
    await run(people);
    await expect(run({ ...people, stream: "other-{id}" })).rejects.toMatchObject({
      values: { badRows: [{ message: expect.stringMatching(/is in stream "people-1" .* the map says "other-1"/) }] },
    });
  });

  test("a row that the ledger has under other event types is refused, in a dry run too", async () => {
    file.exec("insert into people (id, name) values (1, 'a'), (2, 'b')");
    await run(people);
    const refused = {
      code: "invalid-argument",
      values: {
        bad: 2,
        badRows: [
          {
            row: "people id 1",
            message: expect.stringMatching(/under other event types \("PersonImported" at position 1\)/),
          },
          { row: "people id 2" },
        ],
      },
    };
    await expect(run({ ...people, entity: "Client" }, { dryRun: true })).rejects.toMatchObject(refused);
    await expect(run({ ...people, entity: "Client" })).rejects.toMatchObject(refused);
    expect(await events()).toHaveLength(2);
    const elsewhere = { ...people, entity: "Client", stream: "client-{id}" };
    expect(counted(await run(elsewhere))).toMatchObject({ created: 2 });
  });

  test("events of others in a row's stream hinder nothing", async () => {
    file.exec("insert into people (id, name) values (1, 'a')");
    await run(people);
    await ledger.append("people-1", { type: "PersonGreeted", data: {} });
    file.exec("update people set name = 'b'");
    expect((await run(people)).compared).toMatchObject({ rows: 1, different: 0 });
    expect((await events()).map(({ type }) => type)).toEqual(["PersonImported", "PersonGreeted", "PersonChanged"]);
  });

  test("a dry run tells what it would write; so does one without a ledger", async () => {
    file.exec("insert into people (id) values (1), (2)");
    expect(counted(await run(people, { dryRun: true }))).toEqual({ ...counts, created: 2 });
    expect(counted(await run(people, { dryRun: true, ledger: undefined }))).toEqual({ ...counts, created: 2 });
    expect(await events()).toEqual([]);
  });

  test("a comparison alone names what differs, by class too, and writes nothing", async () => {
    file.exec("insert into people (id, name, age) values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)");
    await run(people);
    file.exec(
      "update people set age = 1.0 where id = 1; delete from people where id = 2; insert into people (id) values (9)",
    );
    const { compared, tables } = await run(people, { compare: "only" });
    expect(compared).toMatchObject({ different: 3 });
    expect(tables).toEqual([]);
    expect(compared?.first).toEqual([
      { table: "people", row: "id 1", column: "age", source: 'real "1"', ledger: 'integer "1"' },
      { table: "people", row: "id 9", column: null, source: "a row", ledger: "no row" },
      { table: "people", row: '{"id":2}', column: null, source: "no row", ledger: "a row" },
    ]);
    expect(await events()).toHaveLength(3);
  });

  test("a comparison tells values of every kind in words", async () => {
    file.exec("insert into people values (1, cast(x'41ff' as text), 'doc', x'00', 5)");
    const table = { ...people, digest: ["age"] };
    await run(table);
    file.exec("update people set name = cast(x'42ff00' as text), age = 'other', boss = 'b'");
    const { compared } = await run(table, { compare: "only" });
    const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
    expect(compared?.first.map(({ source, ledger }) => [source, ledger])).toEqual([
      ['text "3 bytes, in hex 42ff00"', 'text "2 bytes, in hex 41ff"'],
      [
        `digest "sha256 ${sha256("other")}… of a text of 5 bytes"`,
        `digest "sha256 ${sha256("doc")}… of a text of 3 bytes"`,
      ],
      ['text "b"', 'blob "1 bytes"'],
    ]);
  });

  test("its rows' model gives a row as it is, and as it was", async () => {
    file.exec("insert into people (id, name) values (1, 'a')");
    await run(people);
    file.exec("update people set name = 'b'");
    await run(people);
    const { model } = rowModel(people);
    expect(await ledger.state(model, "people-1")).toMatchObject({ name: "b" });
    using rows = await replayRows(ledger, { tables: [people] }, { to: 1n });
    expect([...rows.rows("people")].map((row) => row.get("name"))).toEqual(["a"]);
    expect(() => rows.rows("none")).toThrow(expect.objectContaining({ code: "not-found" }));
  });
});

describe("two imports at once", () => {
  test("of the same rows write each event once; of other rows, the later one is told", async () => {
    file.exec("create table people (id integer primary key, name); insert into people values (1, 'a'), (2, 'b')");
    await Promise.all([run(people), run(people)]);
    expect(await events()).toHaveLength(2);
    const stale = openMemoryLedger();
    const behind = { append: ledger.append.bind(ledger), readAll: stale.readAll.bind(stale) };
    // It read the ledger before the other one wrote, and comes second with each event.
    const second = await run(people, { ledger: behind, compare: "never" });
    expect(second).toMatchObject({ added: 0, tables: [{ created: 2 }] });
    expect(await events()).toHaveLength(2);
    file.exec("update people set name = 'z'");
    await expect(run(people, { ledger: behind })).rejects.toMatchObject({
      code: "command-id-reused",
      message: expect.stringMatching(/people id 1: another import has written other events/),
    });
    expect(await events()).toHaveLength(2);
  });
});
