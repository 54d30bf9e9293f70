import assert from "node:assert/strict";
import type { EventQuery, EventStore, Look } from "../port.ts";
import { fillMixed } from "./cases-query.ts";
import { appendOne, type ConformanceCase, collect, newEvent, positions, recorded, request } from "./harness.ts";

async function contextsOf(look: Look): Promise<bigint[][]> {
  const found: bigint[][] = [];
  for (const context of look.contexts) found.push(positions(await collect(context)));
  return found;
}

/** `count` events of one stream and one tag, in one append. */
async function fillStream(store: EventStore, ledgerId: bigint, count: number): Promise<void> {
  const events = Array.from({ length: count }, () => newEvent({ stream: "long", tags: ["long"] }));
  recorded(await appendOne(store, ledgerId, { events, expected: [] }));
}

export const lookCases: readonly ConformanceCase[] = [
  {
    name: "a look gives the head, and each context's events in order",
    async run({ store, ledger: { ledgerId }, ledger }) {
      await fillMixed(store, ledger);
      const contexts: { query: EventQuery; after?: bigint }[] = [
        { query: [{ streams: ["s-1"] }] },
        { query: [{ tags: ["by:2", "by:3"] }, { tags: ["by:5"] }] },
        { query: [] },
        { query: [{ types: ["T-1"] }], after: 25n },
        { query: [{ streams: ["s-1"] }], after: 20n },
        { query: "all", after: 28n },
        { query: "all", after: 31n },
        { query: [{ streams: ["none"] }] },
      ];
      const look = await store.look(ledgerId, contexts);
      assert.equal(look.position, 31n);
      const found = await contextsOf(look);
      for (const [index, { query, after = 0n }] of contexts.entries()) {
        const expected = positions(await collect(store.readAll(ledgerId, { query, after })));
        assert.deepEqual(found[index], expected, `context ${index}`);
      }
      assert.deepEqual(
        found.map(({ length }) => length),
        [10, 10, 0, 2, 3, 2, 0, 0],
      );
    },
  },
  {
    name: "a look at no context gives the head, of an empty ledger 0",
    async run({ store, ledger: { ledgerId } }) {
      assert.deepEqual(await store.look(ledgerId, []), { position: 0n, contexts: [] });
      assert.deepEqual(await contextsOf(await store.look(ledgerId, [{ query: "all" }])), [[]]);
      recorded(await appendOne(store, ledgerId, request([{}, {}])));
      assert.deepEqual(await store.look(ledgerId, []), { position: 2n, contexts: [] });
    },
  },
  {
    name: "a look at an unknown ledger is refused",
    async run({ store }) {
      await assert.rejects(store.look(2n ** 62n, [{ query: "all" }]), { code: "ledger-not-found" });
    },
  },
  {
    name: "a long context is whole, and shows nothing that was appended after the look",
    async run({ store, ledger: { ledgerId } }) {
      await fillStream(store, ledgerId, 700);
      const queries: EventQuery[] = [[{ streams: ["long"] }], [{ tags: ["long"] }, { types: ["none"] }], "all"];
      const look = await store.look(
        ledgerId,
        queries.map((query) => ({ query })),
      );
      await fillStream(store, ledgerId, 300);
      const whole = Array.from({ length: 700 }, (_, index) => BigInt(index + 1));
      assert.equal(look.position, 700n);
      for (const found of await contextsOf(look)) assert.deepEqual(found, whole);
    },
  },
  {
    name: "a context may be left unread, or in its middle",
    async run({ store, ledger: { ledgerId } }) {
      await fillStream(store, ledgerId, 700);
      for (let round = 0; round < 20; round += 1) {
        const look = await store.look(ledgerId, [{ query: [{ streams: ["long"] }] }, { query: "all" }]);
        for await (const { position } of look.contexts[1] ?? assert.fail("no context")) if (position === 300n) break;
      }
      assert.equal((await store.head(ledgerId)).position, 700n);
    },
  },
  {
    name: "looks taken while others append are each of one moment",
    async run({ store, ledger: { ledgerId }, another }) {
      const writer = await another();
      try {
        let writing = true;
        const write = async (): Promise<void> => {
          for (let n = 0; n < 60; n += 1)
            recorded(
              await appendOne(
                writer,
                ledgerId,
                request([
                  { stream: "a", tags: ["t"] },
                  { stream: "b", tags: ["t"] },
                ]),
              ),
            );
          writing = false;
        };
        const written = write();
        while (writing) {
          const look = await store.look(ledgerId, [
            { query: [{ streams: ["a"] }] },
            { query: [{ streams: ["b"] }] },
            { query: [{ tags: ["t"] }] },
          ]);
          const [a, b, both] = await contextsOf(look);
          assert.equal(a?.length, b?.length);
          assert.equal(BigInt(both?.length ?? -1), look.position);
        }
        await written;
      } finally {
        await writer.close();
      }
    },
  },
];
