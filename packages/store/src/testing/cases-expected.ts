import assert from "node:assert/strict";
import type { EventStore, ExpectedVersion } from "../port.ts";
import { appendOne, type ConformanceCase, recorded, request, type TestLedger } from "./harness.ts";

async function fill(store: EventStore, { ledgerId }: TestLedger, stream: string, count: number): Promise<void> {
  recorded(await appendOne(store, ledgerId, request(Array.from({ length: count }, () => ({ stream })))));
}

/** For a stream with so many events: which expectations hold. */
const table: readonly [events: number, expected: ExpectedVersion, holds: boolean][] = [
  [0, "none", true],
  [0, "exists", false],
  [0, "any", true],
  [0, 0n, true],
  [0, 1n, false],
  [3, "none", false],
  [3, "exists", true],
  [3, "any", true],
  [3, 0n, false],
  [3, 2n, false],
  [3, 3n, true],
  [3, 4n, false],
  [3, 9_223_372_036_854_775_807n, false],
];

export const expectedCases: readonly ConformanceCase[] = [
  ...table.map(
    ([events, expected, holds]): ConformanceCase => ({
      name: `with ${events} events, expecting ${expected} ${holds ? "holds" : "is a conflict"}`,
      async run({ store, ledger }) {
        if (events > 0) await fill(store, ledger, "s", events);
        const outcome = await appendOne(store, ledger.ledgerId, request([{ stream: "s" }], { s: expected }));
        if (holds) assert.equal(recorded(outcome)[0]?.version, BigInt(events) + 1n);
        else assert.deepEqual(outcome, { outcome: "conflict", stream: "s", expected, actual: BigInt(events) });
        assert.equal((await store.head(ledger.ledgerId)).position, BigInt(events) + (holds ? 1n : 0n));
      },
    }),
  ),
  {
    name: "every stream that is named is checked, written to or not; the first in conflict is told",
    async run({ store, ledger }) {
      await fill(store, ledger, "a", 2);
      const outcomes = await store.append(ledger.ledgerId, [
        request([{ stream: "x" }], { x: "none", a: 2n, b: "exists" }),
        request([{ stream: "x" }], { b: "none", a: 1n }),
        request([{ stream: "x" }], { b: "none", a: 2n }),
      ]);
      assert.deepEqual(outcomes[0], { outcome: "conflict", stream: "b", expected: "exists", actual: 0n });
      assert.deepEqual(outcomes[1], { outcome: "conflict", stream: "a", expected: 1n, actual: 2n });
      recorded(outcomes[2]);
    },
  },
  {
    name: "expected versions that make no sense are refused",
    async run({ store, ledger }) {
      const event = request().events;
      const outcomes = await store.append(ledger.ledgerId, [
        { events: event, expected: [{ stream: "s", version: -1n }] },
        { events: event, expected: [{ stream: "s", version: 2n ** 63n }] },
        { events: event, expected: [{ stream: "s", version: "some" as "any" }] },
        {
          events: event,
          expected: [
            { stream: "s", version: "any" },
            { stream: "s", version: 1n },
          ],
        },
      ]);
      for (const outcome of outcomes) {
        assert(outcome.outcome === "refused" && outcome.code === "invalid-argument");
        assert.equal(outcome.event, undefined);
      }
    },
  },
  {
    name: "of many racers that expect one version exactly one is recorded, each round",
    async run({ store, another, ledger }) {
      const other = await another();
      try {
        for (let version = 0n; version < 5n; version += 1n) {
          const outcomes = await Promise.all(
            Array.from({ length: 16 }, (_, index) =>
              appendOne(
                index % 2 === 0 ? store : other,
                ledger.ledgerId,
                request([{ stream: "hot" }], { hot: version }),
              ),
            ),
          );
          const won = outcomes.filter(({ outcome }) => outcome === "recorded");
          assert.equal(won.length, 1);
          for (const outcome of outcomes) {
            if (outcome.outcome === "recorded") continue;
            assert.deepEqual(outcome, { outcome: "conflict", stream: "hot", expected: version, actual: version + 1n });
          }
        }
      } finally {
        await other.close();
      }
    },
  },
];
