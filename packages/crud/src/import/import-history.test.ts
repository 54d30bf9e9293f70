import type { LedgerEvent } from "@eventchain/ledger";
import { openMemoryLedger } from "@eventchain/ledger/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseCrudMap } from "../map/map-schema.ts";
import { openSqliteSource } from "../sources/open-sqlite.ts";
import { makeSqliteFile } from "../sources/sqlite-file.fixture.ts";
import { importTables } from "./import-tables.ts";

const { signal } = new AbortController();
let file: Awaited<ReturnType<typeof makeSqliteFile>>;
let ledger: ReturnType<typeof openMemoryLedger>;

const operation = { column: "op", insert: "I", update: ["U", "M"], delete: "D" };
const history = { order: ["seq"], at: { column: "at", unit: "seconds" }, actor: "who", operation };
const prices = { name: "prices", entity: "Price", key: ["id"], history };

beforeEach(async () => {
  file = await makeSqliteFile();
  ledger = openMemoryLedger();
  file.exec("create table prices (seq integer primary key, op, at, who, id, price, note)");
});
afterEach(() => file[Symbol.asyncDispose]());

async function run(table: object = prices, compare: "after" | "never" | "only" = "after") {
  await using source = await openSqliteSource(file.path, signal);
  const { tables, compared } = await importTables({
    ledger,
    source,
    map: parseCrudMap({ tables: [table] }),
    signal,
    compare,
  });
  return { ...tables[0], compared };
}

const events = (): Promise<LedgerEvent[]> => Array.fromAsync(ledger.readAll());

async function refusals(table?: object): Promise<string[]> {
  const before = (await events()).length;
  const error = await run(table).then(
    () => expect.fail("accepted"),
    (thrown: { values: { badRows: { row: string; message: string }[] } }) => thrown,
  );
  expect(await events()).toHaveLength(before);
  return error.values.badRows.map(({ row, message }) => `${row} ${message}`);
}

describe("a table of changes", () => {
  test("becomes an event for each change, in its order, without those that change nothing", async () => {
    file.exec(`insert into prices values
      (1, 'I', 100, 'ada', 'x', 10, null), (2, 'I', 110, 'bob', 'y', 5, 'n'), (3, 'U', 120, 'ada', 'x', 12, null),
      (4, 'U', 130, 'bob', 'x', 12, null), (5, 'M', 140, null, 'x', 12, 'odd'), (6, 'D', 150, 'cy', 'y', 5, 'n'),
      (7, 'I', 160, 'cy', 'y', 6, 'n')`);
    const report = await run();
    expect(report).toMatchObject({ rows: 7, created: 3, changed: 2, deleted: 1, noOp: 1, alreadyThere: 0 });
    expect(report.compared).toMatchObject({ rows: 2, different: 0 });
    const told = (await events()).map(({ type, data, metadata, stream }) => ({ type, data, metadata, stream }));
    expect(told).toMatchObject([
      {
        stream: "prices-x",
        type: "PriceCreated",
        data: { key: { id: "x" }, values: { id: "x", price: 10, note: null } },
        metadata: { occurredAt: "1970-01-01T00:01:40.000Z", actor: "ada", source: { row: { seq: 1 } } },
      },
      {
        type: "PriceChanged",
        data: { changes: { price: { from: 10, to: 12 } } },
        metadata: { source: { row: { seq: 3 } } },
      },
      { type: "PriceChanged", data: { changes: { note: { from: null, to: "odd" } } } },
      { stream: "prices-y", type: "PriceCreated" },
      {
        type: "PriceDeleted",
        data: { key: { id: "y" } },
        metadata: { actor: "cy", occurredAt: "1970-01-01T00:02:30.000Z" },
      },
      { type: "PriceCreated", data: { values: { price: 6 } } },
    ]);
    expect(told[2]?.metadata).not.toHaveProperty("actor");
  });

  test("a second run adds nothing; with more changes it adds those", async () => {
    file.exec(
      "insert into prices values (1, 'I', 1, 'a', 'x', 1, 0), (2, 'U', 2, 'a', 'x', 1, 0), (3, 'U', 3, 'a', 'x', 2, 0)",
    );
    await run();
    expect(await run()).toMatchObject({ created: 0, changed: 0, noOp: 1, alreadyThere: 2 });
    file.exec("insert into prices values (4, 'U', 4, 'a', 'x', 2, 0), (5, 'D', 5, 'a', 'x', 2, 0)");
    expect(await run()).toMatchObject({ changed: 0, deleted: 1, noOp: 2, alreadyThere: 2, compared: { different: 0 } });
    expect((await events()).map(({ type }) => type)).toEqual(["PriceCreated", "PriceChanged", "PriceDeleted"]);
  });

  test("a history that was shortened, or is another one, is refused", async () => {
    file.exec("insert into prices values (1, 'I', 1, 'a', 'x', 1, 0), (2, 'U', 2, 'a', 'x', 2, 0)");
    await run();
    file.exec("update prices set price = 3 where seq = 2");
    expect(await refusals()).toEqual([expect.stringMatching(/has another history than the ledger/)]);
    file.exec("delete from prices where seq = 2");
    expect(await refusals()).toEqual([expect.stringMatching(/has 1 changes, and the ledger has 2 of it/)]);
    file.exec("delete from prices");
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/no longer in the source/) });
  });

  test("is refused where all of an entity that was deleted is gone from it", async () => {
    file.exec("insert into prices values (1, 'I', 1, 'a', 'x', 1, 0), (2, 'D', 2, 'a', 'x', 1, 0)");
    await run();
    file.exec("delete from prices");
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/^1 rows.*"deleted": "ignore"$/) });
    expect(await run({ ...prices, deleted: "ignore" })).toMatchObject({ kept: 0, deleted: 0 });
  });

  test.each([
    ["values that lead to the same row", "update prices set price = 7 where seq = 1", 1],
    ["a time", "update prices set at = 0 where seq = 2", 2],
    ["an actor", "update prices set who = 'eve' where seq = 3", 3],
    ["an actor where there was none", "update prices set who = 'eve' where seq = 4", 4],
    [
      "more changes after one that is another",
      "update prices set price = 7 where seq = 2; delete from prices where seq > 4",
      2,
    ],
  ])("rewritten in %s is refused, and found by a comparison alone", async (_what, rewrite, change) => {
    file.exec(`insert into prices values (1, 'I', 1, 'a', 'x', 1, 0), (2, 'U', 2, 'a', 'x', 2, 0), (3, 'U', 3, 'a', 'x', 3, 0),
      (4, 'D', 4, null, 'x', 3, 0), (5, 'I', 5, 'a', 'y', 1, 0)`);
    await run();
    expect(await run(prices, "only")).toMatchObject({ compared: { rows: 1, different: 0 } });
    file.exec(`insert into prices values (6, 'I', 6, 'a', 'x', 9, 0); ${rewrite}`);
    expect((await refusals({ ...prices, deleted: "ignore" }))[0]).toMatch(
      new RegExp(`^prices id x has another history than the ledger: its change ${change} is not .*map as they were`),
    );
    expect(await run({ ...prices, deleted: "ignore" }, "only")).toMatchObject({
      compared: {
        different: 1,
        first: [{ row: "id x", column: null, source: "another history", ledger: expect.stringMatching(/^4 changes/) }],
      },
    });
  });

  test("is refused where nobody can tell which change was first", async () => {
    file.exec("insert into prices values (1, 'I', 1, 'a', 'x', 1, 0), (2, 'U', 1, 'a', 'x', 2, 0)");
    const byTime = { ...prices, history: { ...history, order: undefined } };
    expect(await refusals(byTime)).toEqual([expect.stringMatching(/comes twice at {"at":1}: give history.order/)]);
  });

  test("is refused where its times do not sort as they follow each other", async () => {
    file.exec(`insert into prices values
      (1, 'I', '2026-01-01T09:00:00+09:00', 'a', 'x', 1, 0), (2, 'U', '2026-01-01T01:00:00Z', 'a', 'x', 2, 0)`);
    const byTime = { ...prices, history: { at: "at", operation } };
    expect(await refusals(byTime)).toEqual([expect.stringMatching(/is earlier than the change before it/)]);
    file.exec("update prices set op = 'U' where seq = 1; update prices set op = 'I' where seq = 2");
    const report = await run({ ...prices, history: { ...history, at: "at" } });
    expect(report).toMatchObject({ created: 1, changed: 1 });
  });

  test.each([
    ["(1, 'X', 1, 'a', 'x', 1, 0)", /has operation "X", which the map's history.operation does not know/],
    ["(1, null, 1, 'a', 'x', 1, 0)", /has operation null/],
    ["(1, 'I', null, 'a', 'x', 1, 0)", /has NULL in "at", its time/],
    ["(1, 'I', 1, 'a', null, 1, 0)", /has NULL in "id"/],
  ])("with %s is refused", async (row, message) => {
    file.exec(`insert into prices values ${row}`);
    expect(await refusals()).toEqual([expect.stringMatching(message)]);
  });

  test("without operations nothing is deleted, and the columns of the change are no part of the row", async () => {
    file.exec("insert into prices values (1, 'x', 1, 'a', 'x', 1, 0), (2, 'x', 2, 'b', 'x', 1, 0)");
    const report = await run({ ...prices, leaveOut: ["op"], history: { ...history, operation: undefined } });
    expect(report).toMatchObject({ created: 1, noOp: 1, compared: { different: 0 } });
    expect((await events())[0]?.data).toEqual({ key: { id: "x" }, values: { id: "x", price: 1, note: 0 } });
  });

  test("beside the table that it is the history of, the replay must equal that table", async () => {
    file.exec(`
      create table items (id primary key, price, note);
      insert into items values ('x', 2, 0), ('z', 9, 9);
      insert into prices values (1, 'I', 1, 'a', 'x', 1, 0), (2, 'U', 2, 'a', 'x', 2, 0),
        (3, 'I', 3, 'a', 'y', 1, 0), (4, 'D', 4, 'a', 'y', 1, 0)`);
    const items = { name: "items", history: { ...history, table: "prices" } };
    const { compared } = await run(items);
    expect(compared).toMatchObject({ rows: 2, different: 1, first: [{ row: "id z", ledger: "no row" }] });
    file.exec("delete from items where id = 'z'");
    expect((await run(items)).compared).toMatchObject({ rows: 1, different: 0 });
  });
});
