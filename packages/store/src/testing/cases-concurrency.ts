import assert from "node:assert/strict";
import { groupAppends } from "../group-appends.ts";
import type { EventStore } from "../port.ts";
import { type ConformanceCase, collect, positions, recorded, request, type TestLedger } from "./harness.ts";

/** Reads on from the last position seen until it has seen `count` events; a gap would make a hole in what it saw. */
async function pollUntil(store: EventStore, { ledgerId }: TestLedger, count: number): Promise<bigint[]> {
  const seen: bigint[] = [];
  while (seen.length < count) {
    const after = seen.at(-1) ?? 0n;
    seen.push(...positions(await collect(store.readAll(ledgerId, { after }))));
    const head = await store.head(ledgerId);
    assert(head.position >= (seen.at(-1) ?? 0n), "the head never falls behind what was read");
  }
  return seen;
}

export const concurrencyCases: readonly ConformanceCase[] = [
  {
    name: "readers that poll beside appenders on two pools never see a gap",
    async run({ store, another, ledger }) {
      const other = await another();
      try {
        const appenders = 8;
        const rounds = 15;
        const appender = async (index: number): Promise<void> => {
          const by = index % 2 === 0 ? store : other;
          for (let round = 0; round < rounds; round += 1) {
            const events = Array.from({ length: 1 + ((index + round) % 3) }, () => ({ stream: `s-${index % 3}` }));
            for (const outcome of await by.append(ledger.ledgerId, [request(events)])) recorded(outcome);
          }
        };
        let total = 0;
        for (let index = 0; index < appenders; index += 1) {
          for (let round = 0; round < rounds; round += 1) total += 1 + ((index + round) % 3);
        }
        const [seen, seenByOther] = await Promise.all([
          pollUntil(store, ledger, total),
          pollUntil(other, ledger, total),
          ...Array.from({ length: appenders }, (_, index) => appender(index)),
        ]);
        const all = Array.from({ length: total }, (_, index) => BigInt(index + 1));
        assert.deepEqual(seen, all);
        assert.deepEqual(seenByOther, all);
      } finally {
        await other.close();
      }
    },
  },
  {
    name: "grouped appends of many callers are each recorded once, in their callers' order",
    async run({ store, ledger }) {
      const grouped = groupAppends(store, { maxRequests: 7 });
      const last = new Map<number, bigint>();
      const caller = async (index: number): Promise<void> => {
        for (let round = 1; round <= 10; round += 1) {
          const outcome = await grouped.append(
            ledger.ledgerId,
            request([{ stream: `caller-${index}` }], { [`caller-${index}`]: BigInt(round - 1) }),
          );
          const [event] = recorded(outcome);
          assert(event !== undefined && event.version === BigInt(round));
          assert(event.position > (last.get(index) ?? 0n));
          last.set(index, event.position);
        }
      };
      await Promise.all(Array.from({ length: 20 }, (_, index) => caller(index)));
      await grouped.drain();
      assert.equal((await store.head(ledger.ledgerId)).position, 200n);
    },
  },
];
