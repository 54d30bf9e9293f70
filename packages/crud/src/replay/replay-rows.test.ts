import type { LedgerEvent } from "@eventchain/ledger";
import { describe, expect, test } from "vitest";
import { parseCrudMap } from "../map/map-schema.ts";
import { digestChange } from "../rows/digest-change.ts";
import { replayInto, replayRows } from "./replay-rows.ts";
import { openRowStore } from "./row-store.ts";

const map = parseCrudMap({ tables: [{ name: "a" }, { name: "b" }] });
const key = { id: 1 };
const created = { type: "AImported", data: { key, values: { id: 1, n: 1 } } };
const changed = { type: "AChanged", data: { key, changes: { n: { from: 1, to: 2 } } } };
const deleted = { type: "ADeleted", data: { key } };
const erased = (event: { type: string }) => ({ ...event, data: null });

/** A ledger of these events, which answers each read with all of them. */
function ledgerOf(...events: { type: string; data: object | null; stream?: string }[]) {
  return {
    readAll: async function* () {
      for (const [index, event] of events.entries())
        yield {
          stream: "a-1",
          ...event,
          position: BigInt(index + 1),
          tags: [],
          metadata: {},
        } as unknown as LedgerEvent;
    },
  };
}

async function fold(...events: Parameters<typeof ledgerOf>) {
  const store = openRowStore();
  await replayInto(store, ledgerOf(...events), map, { after: 0n });
  const row = store.find("a-1");
  store.close();
  return row;
}

describe("a replay", () => {
  test("gives each row as its events left it", async () => {
    expect(await fold(created, changed)).toMatchObject({ image: { id: 1, n: 2 }, events: 2, erased: false });
    expect(await fold(created, deleted)).toMatchObject({ image: null, events: 2, erased: false });
    using rows = await replayRows(ledgerOf(created, changed), map);
    expect([...rows.rows("a")]).toEqual([
      new Map([
        ["id", 1n],
        ["n", 2n],
      ]),
    ]);
    expect([...rows.rows("b")]).toEqual([]);
    expect(rows.position).toBe(2n);
  });

  test("does not know a row of which an event is erased, until one gives it as a whole", async () => {
    expect(await fold(created, erased(changed))).toMatchObject({ image: null, erased: true, events: 2 });
    expect(await fold(erased(created), changed)).toMatchObject({ image: null, erased: true, key: '{"id":1}' });
    expect(await fold(erased(created), deleted)).toMatchObject({ image: null, erased: false });
    expect(await fold(created, erased(changed), created)).toMatchObject({ image: { id: 1, n: 1 }, erased: false });
  });

  test("keeps a digest of each event of a history, but of those that are erased", async () => {
    const history = parseCrudMap({ tables: [{ name: "a", types: { created: "AImported" }, history: { at: "t" } }] });
    const store = openRowStore();
    await replayInto(store, ledgerOf(created, erased(changed), deleted), history, { after: 0n });
    expect([1, 2, 3, 4].map((event) => store.digest("a-1", event)?.length)).toEqual([64, undefined, 64, undefined]);
    expect(store.digest("a-1", 3)).toBe(digestChange({ content: {}, occurredAt: undefined, actor: undefined }));
    store.close();
  });

  test.each<[string, Parameters<typeof ledgerOf>]>([
    ["an event of these types that no import made", [{ type: "AImported", data: { hello: 1 } }]],
    ["a stream of two tables' rows", [created, { ...created, type: "BImported" }]],
  ])("%s is refused, by its position", async (_what, events) => {
    await expect(replayRows(ledgerOf(...events), map)).rejects.toMatchObject({
      code: "invalid-event",
      message: expect.stringMatching(new RegExp(`position ${events.length}`)),
    });
  });
});
