import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EventQuery, QueryItem } from "./port.ts";
import { checkQuery, intersectQueries, MAX_QUERY_ITEMS, matchesQuery } from "./query.ts";

const event = { stream: "s", type: "T", tags: ["a", "b"] };

describe("checkQuery", () => {
  test.each<[string, EventQuery]>([
    ["all", "all"],
    ["no item", []],
    ["an item of each kind", [{ streams: ["s"] }, { types: ["T"] }, { tags: ["a"] }]],
    ["an item of all kinds", [{ streams: ["s"], types: ["T"], tags: ["a", "b"] }]],
    ["as many items as there may be", Array.from({ length: MAX_QUERY_ITEMS }, () => ({ tags: ["a"] }))],
  ])("takes %s", (_, query) => {
    expect(() => checkQuery(query)).not.toThrow();
  });

  test.each<[string, unknown, string]>([
    ["another text", "none", 'a query is "all" or a list of items'],
    ["one item without a list", { tags: ["a"] }, 'a query is "all" or a list of items'],
    ["nothing", undefined, 'a query is "all" or a list of items'],
    ["an item that is null", [{ tags: ["a"] }, null], "item 1 of the query is no object"],
    ["an item without a condition", [{}], "item 0 of the query has no condition"],
    ["an item whose condition is undefined", [{ tags: undefined }], "item 0 of the query has no condition"],
    ["a key it does not know", [{ tags: ["a"], tag: "a" }], 'item 0 of the query has an unknown key "tag"'],
    [
      "an empty list",
      [{ tags: ["a"] }, { types: [] }],
      "types in item 1 of the query is not a list of at least one text",
    ],
    ["a text for a list", [{ tags: "a" }], "tags in item 0 of the query is not a list of at least one text"],
    ["a number for a name", [{ streams: [1] }], "streams in item 0 of the query is not a list of at least one text"],
  ])("refuses %s, and says where", (_, query, message) => {
    expect(() => checkQuery(query as EventQuery)).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(message) }),
    );
  });

  test("refuses more items than there may be", () => {
    const query = Array.from({ length: MAX_QUERY_ITEMS + 1 }, () => ({ tags: ["a"] }));
    expect(() => checkQuery(query)).toThrow(expect.objectContaining({ code: "too-large", values: { items: 1025 } }));
  });
});

describe("matchesQuery", () => {
  test.each<[string, EventQuery, boolean]>([
    ["all", "all", true],
    ["no item", [], false],
    ["any of the types", [{ types: ["U", "T"] }], true],
    ["none of the types", [{ types: ["U"] }], false],
    ["all of the tags", [{ tags: ["b", "a"] }], true],
    ["one of the tags only", [{ tags: ["a", "c"] }], false],
    ["any of the streams", [{ streams: ["r", "s"] }], true],
    ["all but one condition of an item", [{ streams: ["s"], types: ["T"], tags: ["c"] }], false],
    ["one of the items", [{ types: ["U"] }, { tags: ["a"] }], true],
  ])("%s", (_, query, met) => {
    expect(matchesQuery(query, event)).toBe(met);
  });

  test("all leaves out the ledger's own events, which are met by name", () => {
    const own = { stream: "$audit", type: "$CommandRejected", tags: [] };
    expect(matchesQuery("all", own)).toBe(false);
    expect(matchesQuery([{ types: ["$CommandRejected"] }], own)).toBe(true);
  });
});

const names = (of: string[]): fc.Arbitrary<string[]> => fc.subarray(of, { minLength: 1 });
const item: fc.Arbitrary<QueryItem> = fc
  .record({ streams: names(["s", "t"]), types: names(["T", "U"]), tags: names(["a", "b"]) }, { requiredKeys: [] })
  .filter((each) => Object.keys(each).length > 0);
const items = fc.array(item, { maxLength: 4 });
const anyEvent = fc.record({
  stream: fc.constantFrom("s", "t"),
  type: fc.constantFrom("T", "U"),
  tags: fc.subarray(["a", "b"]),
});

describe("intersectQueries", () => {
  test("is met by what meets both, and is a query itself", () => {
    fc.assert(
      fc.property(items, items, anyEvent, (left, right, one) => {
        const both = intersectQueries(left, right);
        expect(() => checkQuery(both)).not.toThrow();
        expect(matchesQuery(both, one)).toBe(matchesQuery(left, one) && matchesQuery(right, one));
      }),
    );
  });

  test("all takes nothing from an item", () => {
    const own = [{ types: ["$CommandRejected"] }];
    expect(intersectQueries("all", own)).toEqual(own);
    expect(intersectQueries(own, "all")).toEqual(own);
    expect(intersectQueries("all", "all")).toBe("all");
  });

  test("refuses what takes too many items", () => {
    const many = (count: number): QueryItem[] => Array.from({ length: count }, (_, n) => ({ tags: [`t-${n}`] }));
    expect(intersectQueries(many(32), many(32))).toHaveLength(1024);
    expect(() => intersectQueries(many(33), many(32))).toThrow(expect.objectContaining({ code: "too-large" }));
  });
});
