import { describe, expect, test } from "vitest";
import type { SourceTable, TableSource } from "../sources/types.ts";
import { draftCrudMap } from "./draft-map.ts";
import { fitCrudMap, tablesLeftOut } from "./fit-map.ts";
import { eventTypes, isCrudMap, parseCrudMap } from "./map-schema.ts";

const orders: SourceTable = {
  name: "order details",
  columns: ["order id", "line", "product", "at", "op"],
  key: ["order id", "line"],
  foreignKeys: [
    { columns: ["product"], table: "products" },
    { columns: ["{x}"], table: "odd" },
  ],
  rows: 3n,
};
const log: SourceTable = { name: "log", columns: ["at", "text"], key: [], foreignKeys: [], rows: 1n };

function sourceOf(kind: string): TableSource {
  return {
    identity: { kind },
    ordered: kind === "csv",
    tables: async () => [orders, log],
    rows: async function* () {},
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const source = sourceOf("sqlite");
const history = { at: "at", operation: { column: "op", insert: "I", update: "U", delete: "D" } };

describe("a map", () => {
  test.each<[unknown, RegExp]>([
    [[], /^the map: /],
    [{}, /^tables: /],
    [{ tables: [] }, /^tables: /],
    [{ tables: [{ name: "a", Key: ["x"] }] }, /^tables\.0: .*"Key"/],
    [
      { tables: [{ name: "a" }, { name: "b", key: [] }] },
      /^tables\.1\.key is empty: table "b" has no primary key: name columns/,
    ],
    [{ tables: [{ name: "a", deleted: "yes" }] }, /^tables\.0\.deleted: /],
    [{ tables: [{ name: "a", history: { order: ["x"] } }] }, /^tables\.0\.history\.at: /],
    [{ tables: [{ name: "a", history: { ...history, operation: { column: "op" } } }] }, /operation\.insert: /],
    [{ timeZone: "Nowhere", tables: [{ name: "a" }] }, /^timeZone "Nowhere" is none/],
    [{ tables: [{ name: "a" }, { name: "a" }] }, /^tables\.1\.name has table a, as tables\.0\.name has/],
    [{ tables: [{ name: "a b" }, { name: "A-B" }] }, /^tables\.1 has event type ABImported, as tables\.0 has/],
    [{ tables: [{ name: "☃" }] }, /^tables\.0\.entity is missing/],
    [{ tables: [{ name: "a", types: { created: "$A" } }] }, /^tables\.0\.types begin with \$/],
    [{ tables: [{ name: "a", time: "t", history }] }, /^tables\.0\.time is not for a table with history/],
    [{ tables: [{ name: "a", actor: "t", history }] }, /^tables\.0\.actor is not for a table with history/],
    [{ tables: [{ name: "a", deleted: "record", history }] }, /^tables\.0\.deleted is "record"/],
  ])("%j is refused, by its path", (value, message) => {
    expect(() => parseCrudMap(value)).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringMatching(message) }),
    );
  });

  test("is known by its tables", () => {
    expect([{ tables: [] }, { stream: "a" }, null, "tables"].map(isCrudMap)).toEqual([true, false, false, false]);
  });

  test("names its events after the table, unless it says otherwise", () => {
    const name = "order details";
    expect(eventTypes({ name })).toEqual({
      created: "OrderDetailsImported",
      changed: "OrderDetailsChanged",
      deleted: "OrderDetailsDeleted",
    });
    expect(eventTypes({ name, entity: "Line", types: { changed: "LineEdited" }, history })).toEqual({
      created: "LineCreated",
      changed: "LineEdited",
      deleted: "LineDeleted",
    });
  });
});

describe("fitted to a source", () => {
  test("has the key, the stream and the columns that the source says", async () => {
    const [fitted] = await fitCrudMap(parseCrudMap({ tables: [{ name: "order details", leaveOut: ["at"] }] }), source);
    expect(fitted).toMatchObject({
      key: ["order id", "line"],
      stream: [{ text: "order details-" }, { column: "order id" }, { text: "-" }, { column: "line" }],
      values: ["order id", "line", "product", "op"],
    });
    expect(await tablesLeftOut(parseCrudMap({ tables: [{ name: "order details" }] }), source)).toEqual(["log"]);
  });

  test("leaves what a history says of a change out of the row", async () => {
    const map = parseCrudMap({ tables: [{ name: "order details", history }] });
    expect((await fitCrudMap(map, source))[0]).toMatchObject({
      values: ["order id", "line", "product"],
      history: { order: ["at"], byTime: true },
    });
    const [ofFile] = await fitCrudMap(map, sourceOf("csv"));
    expect(ofFile).toMatchObject({ history: { order: [], byTime: false } });
  });

  test.each<[object, RegExp]>([
    [{ name: "none" }, /^tables\.0\.name is "none", which the source does not have: it has "order details", "log"/],
    [{ name: "log" }, /^tables\.0\.key is missing, and log has no primary key/],
    [{ name: "log", key: ["id"] }, /^tables\.0\.key takes column "id", which log does not have/],
    [{ name: "log", key: ["at"], stream: "l-{text}" }, /^tables\.0\.stream takes column "text", which is no part/],
    [{ name: "log", key: ["at"], stream: "l-{" }, /^tables\.0\.stream .* brace out of place/],
    [{ name: "log", key: ["at"], tags: ["a", "{b}"] }, /^tables\.0\.tags takes column "b"/],
    [{ name: "log", key: ["at"], leaveOut: ["b"] }, /^tables\.0\.leaveOut takes column "b"/],
    [{ name: "log", key: ["at"], digest: ["b"] }, /^tables\.0\.digest takes column "b"/],
    [{ name: "log", key: ["at"], time: "b" }, /^tables\.0\.time takes column "b"/],
    [{ name: "log", key: ["at"], null: "" }, /^tables\.0\.null is for CSV files/],
    [{ name: "log", key: ["at"], history: { at: "b" } }, /^tables\.0\.history\.at takes column "b"/],
    [{ name: "log", key: ["at"], history: { table: "x", at: "b" } }, /^tables\.0\.history\.table is "x"/],
  ])("%j is refused, by its path", async (table, message) => {
    await expect(fitCrudMap(parseCrudMap({ tables: [table] }), source)).rejects.toMatchObject({
      code: "config-invalid",
      message: expect.stringMatching(message),
    });
  });
});

test("a draft has every table, with its key, its stream and tags for what it names", async () => {
  const draft = await draftCrudMap(source);
  expect(draft).toEqual({
    tables: [
      {
        name: "order details",
        key: ["order id", "line"],
        stream: "order details-{order id}-{line}",
        entity: "OrderDetails",
        tags: ["orderDetails:{order id}-{line}", "products:{product}"],
        deleted: "record",
      },
      { name: "log", key: [], entity: "Log", tags: [], deleted: "record" },
    ],
  });
  expect(() => parseCrudMap(draft)).toThrow(/^tables\.1\.key is empty: table "log" has no primary key/);
});
