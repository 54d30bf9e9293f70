import { openMemoryStore } from "@eventchain/store";
import { createTestLedger, newEvent } from "@eventchain/store/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { countEvents, queryEvents, type ReadDeps, readAll, readStream } from "./read-events.ts";
import type { CountOptions, LedgerEvent, ReadAllOptions } from "./types.ts";

let deps: ReadDeps<"readBatches" | "count">;
beforeAll(async () => {
  const store = openMemoryStore();
  const { ledgerId } = await createTestLedger(store);
  const events = [
    { stream: "a", type: "Opened", tags: ["x"] },
    { stream: "a", type: "Closed", tags: ["x", "y"] },
    { stream: "b", type: "Opened", tags: ["y"] },
  ];
  await store.append(
    ledgerId,
    events.map((event) => ({ events: [newEvent(event)], expected: [] })),
  );
  deps = { ledgerId, store, scope: {} };
});

async function positions(events: AsyncIterable<LedgerEvent>): Promise<number[]> {
  const list: number[] = [];
  for await (const { position } of events) list.push(Number(position));
  return list;
}

describe("queries", () => {
  test.each<[string, Parameters<typeof queryEvents>[1], number[]]>([
    ["all", "all", [1, 2, 3]],
    ["no item", [], []],
    ["one item: its conditions together", [{ types: ["Opened"], tags: ["y"] }], [3]],
    ["several items: any of them", [{ streams: ["b"] }, { tags: ["x", "y"] }], [2, 3]],
  ])("%s", async (_what, query, found) => {
    expect(await positions(queryEvents(deps, query))).toEqual(found);
    expect(await positions(queryEvents(deps, query, { backwards: true }))).toEqual(found.toReversed());
    expect(await countEvents(deps, { query })).toBe(BigInt(found.length));
  });

  test("and a filter, and a range, and what may be seen", async () => {
    const options = { query: [{ tags: ["x"] }, { tags: ["y"] }], filter: { types: ["Opened"] } };
    expect(await positions(readAll(deps, options))).toEqual([1, 3]);
    expect(await positions(readAll(deps, { ...options, after: 1 }))).toEqual([3]);
    expect(await countEvents(deps, { ...options, to: 2n })).toBe(1n);
    const seen = { ...deps, scope: { access: [{ streams: ["a"] }] } };
    expect(await positions(readAll(seen, options))).toEqual([1]);
    expect(await countEvents(seen, options)).toBe(1n);
    expect(await positions(readStream(seen, "b"))).toEqual([]);
  });
});

test.each<[string, object]>([
  ["a query that is a word", { query: "everything" }],
  ["an item without a condition", { query: [{}] }],
  ["an item with an empty list", { query: [{ tags: [] }] }],
  ["an item with a misspelt condition", { query: [{ tag: ["x"] }] }],
  ["an empty name", { query: [{ streams: [""] }] }],
  ["a filter's text for a list", { filter: { types: "Opened" } }],
  ["a filter's misspelt condition", { filter: { type: "Opened" } }],
  ["a position below 0", { to: -1 }],
])("%s is refused before anything is read", async (_what, options) => {
  const refused = expect.objectContaining({ code: expect.stringMatching(/^invalid-(argument|name)$/) });
  expect(() => readAll(deps, options as ReadAllOptions)).toThrow(refused);
  await expect(countEvents(deps, options as CountOptions)).rejects.toEqual(refused);
});

test("a query that is missing is refused: it is not all", () => {
  expect(() => queryEvents(deps, undefined as never)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});
