import { expect, test } from "vitest";
import type { StoredEvent } from "../port.ts";
import { createTestLedger, newEvent } from "../testing/harness.ts";
import { type MemoryLedger, newMemoryLedger, storeEvent } from "./memory-ledger.ts";
import { openMemoryStore } from "./open-memory-store.ts";
import { type Selection, selectEvents } from "./select-events.ts";

/** 2,000 events in 20 streams, of 2 types, tags by 7 and 500; `touched` counts the events that are looked at. */
async function fill(): Promise<{ ledger: MemoryLedger; touched: () => number }> {
  const store = openMemoryStore();
  const { ledgerId, origin } = await createTestLedger(store);
  const events = Array.from({ length: 2_000 }, (_, n) =>
    newEvent({
      stream: `s-${n % 20}`,
      type: `T-${n % 2}`,
      tags: [7, 500]
        .filter((k) => (n + 1) % k === 0)
        .map((k) => `by:${k}`)
        .sort(),
    }),
  );
  await store.append(ledgerId, [{ events, expected: [] }]);
  const record = await store.findLedger(origin);
  if (record === undefined) throw new Error("the ledger is there");
  const ledger = newMemoryLedger(record);
  const nothing = { actor: null, ip: null, correlationId: null, causationId: null };
  for await (const event of store.readAll(ledgerId)) storeEvent(ledger, event, nothing);
  let count = 0;
  ledger.events = new Proxy(ledger.events, {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) count += 1;
      return Reflect.get(target, key);
    },
  });
  return { ledger, touched: () => count };
}

const whole = { queries: [], filter: {}, first: 1n, last: 2_000n, backwards: false };
const found = (ledger: MemoryLedger, selection: Partial<Selection>): number[] =>
  [...selectEvents(ledger, { ...whole, ...selection })].map(({ position }: StoredEvent) => Number(position));

test.each<[what: string, selection: Partial<Selection>, positions: number[], touched: number]>([
  [
    "a rare tag beside a frequent type",
    { queries: [[{ types: ["T-1"], tags: ["by:500"] }]] },
    [500, 1000, 1500, 2000],
    4,
  ],
  ["the rarest of several tags", { queries: [[{ tags: ["by:500", "by:7"] }]] }, [], 4],
  ["a tag that nothing has", { queries: [[{ tags: ["by:7", "none"] }]] }, [], 0],
  [
    "two items that meet the same events",
    { queries: [[{ tags: ["by:500"] }, { streams: ["s-19"], tags: ["by:500"] }]] },
    [500, 1000, 1500, 2000],
    4,
  ],
  [
    "the shorter one of query and access",
    { queries: [[{ types: ["T-1"] }], [{ tags: ["by:500"] }]] },
    [500, 1000, 1500, 2000],
    4,
  ],
  [
    "the shorter one of query and filter",
    { queries: [[{ types: ["T-1"] }]], filter: { tags: ["by:500"] } },
    [500, 1000, 1500, 2000],
    4,
  ],
  ["what came after a position", { queries: [[{ types: ["T-1"] }]], first: 1_997n }, [1998, 2000], 2],
  [
    "what came before a position, backwards",
    { queries: [[{ tags: ["by:500"] }]], last: 1_499n, backwards: true },
    [1000, 500],
    2,
  ],
  ["no item", { queries: [[]] }, [], 0],
  ["a range of the whole", { first: 3n, last: 4n }, [3, 4], 2],
])("%s costs no more events than it has to", async (_, selection, positions, most) => {
  const { ledger, touched } = await fill();
  expect(found(ledger, selection)).toEqual(positions);
  expect(touched()).toBe(most);
});
