import assert from "node:assert/strict";
import type { EventFilter, EventStore, ReadAllOptions, ReadStreamOptions } from "../port.ts";
import {
  appendOne,
  asRead,
  type ConformanceCase,
  collect,
  collectBatches,
  newEvent,
  positions,
  recorded,
  request,
  type TestLedger,
} from "./harness.ts";

/** 30 events: streams s-0 … s-2, types T-0 and T-1, tags by 2, 3 and 5, actors by 4; recorded in 30 appends. */
async function fill(store: EventStore, { ledgerId }: TestLedger): Promise<bigint[]> {
  const times: bigint[] = [];
  for (let n = 1; n <= 30; n += 1) {
    const tags = [2, 3, 5].filter((k) => n % k === 0).map((k) => `by:${k}`);
    const metadata = JSON.stringify({ actor: `a-${n % 4}`, correlationId: `c-${n % 7}`, ip: `192.0.2.${n % 6}` });
    const event = newEvent({ stream: `s-${n % 3}`, type: `T-${n % 2}`, tags, metadata });
    times.push(
      recorded(await appendOne(store, ledgerId, { events: [event], expected: [] }))[0]?.recordedAtMicros ?? -1n,
    );
  }
  return times;
}

const all = Array.from({ length: 30 }, (_, index) => BigInt(index + 1));
const where = (holds: (n: number) => boolean): bigint[] => all.filter((position) => holds(Number(position)));

const readAllTable: readonly [what: string, options: ReadAllOptions, expected: bigint[]][] = [
  ["everything", {}, all],
  ["by small pages", { batchSize: 4 }, all],
  ["by pages of one", { batchSize: 1, limit: 3 }, [1n, 2n, 3n]],
  ["backwards", { backwards: true }, [...all].reverse()],
  ["backwards by small pages", { backwards: true, batchSize: 7 }, [...all].reverse()],
  ["past a position", { after: 27n }, [28n, 29n, 30n]],
  ["past the head", { after: 30n }, []],
  ["past the end of numbers", { after: 2n ** 63n - 1n }, []],
  ["up to a position", { after: 3n, to: 5n }, [4n, 5n]],
  ["up to position 0", { to: 0n }, []],
  ["backwards from before a position", { backwards: true, after: 4n }, [3n, 2n, 1n]],
  ["backwards down to a position", { backwards: true, after: 10n, to: 8n }, [9n, 8n]],
  ["backwards from position 1", { backwards: true, after: 1n }, []],
  ["backwards from position 0", { backwards: true, after: 0n }, []],
  ["with a limit", { limit: 2, after: 10n }, [11n, 12n]],
  ["with limit 0", { limit: 0 }, []],
  ["with a limit that is the number left", { limit: 5, after: 25n, batchSize: 5 }, [26n, 27n, 28n, 29n, 30n]],
  ["backwards with a limit", { backwards: true, limit: 2 }, [30n, 29n]],
];

const filterTable: readonly [what: string, filter: EventFilter, expected: bigint[]][] = [
  ["a stream", { streams: ["s-1"] }, where((n) => n % 3 === 1)],
  ["streams", { streams: ["s-1", "s-2", "none"] }, where((n) => n % 3 !== 0)],
  ["no stream at all", { streams: [] }, []],
  ["a type", { types: ["T-1"] }, where((n) => n % 2 === 1)],
  ["a tag", { tags: ["by:5"] }, where((n) => n % 5 === 0)],
  ["all of several tags", { tags: ["by:2", "by:3"] }, where((n) => n % 6 === 0)],
  ["one tag twice", { tags: ["by:2", "by:2"] }, where((n) => n % 2 === 0)],
  ["a tag that nobody has", { tags: ["by:2", "by:4"] }, []],
  ["a tag that nobody can have", { tags: ["\0"] }, []],
  ["an empty list of tags", { tags: [] }, all],
  ["an actor", { actor: "a-1" }, where((n) => n % 4 === 1)],
  ["an ip", { ip: "192.0.2.0" }, where((n) => n % 6 === 0)],
  ["a correlation id", { correlationId: "c-3" }, where((n) => n % 7 === 3)],
  [
    "all together",
    { streams: ["s-0"], types: ["T-0"], tags: ["by:2"], actor: "a-2", ip: "192.0.2.0" },
    where((n) => n % 12 === 6),
  ],
  ["a stream that reads like SQL", { streams: ["s-1' or true --"] }, []],
];

const readStreamTable: readonly [what: string, options: ReadStreamOptions, versions: bigint[]][] = [
  ["everything", {}, all.slice(0, 10)],
  ["by small pages", { batchSize: 3 }, all.slice(0, 10)],
  ["past a version", { after: 8n }, [9n, 10n]],
  ["past the last version", { after: 10n }, []],
  ["backwards", { backwards: true, limit: 2 }, [10n, 9n]],
  ["backwards from before a version", { backwards: true, after: 3n, batchSize: 1 }, [2n, 1n]],
];

export const readingCases: readonly ConformanceCase[] = [
  {
    name: "a ledger is read in every direction, part and page size",
    async run({ store, ledger }) {
      await fill(store, ledger);
      for (const [what, options, expected] of readAllTable) {
        assert.deepEqual(positions(await collect(store.readAll(ledger.ledgerId, options))), expected, what);
      }
    },
  },
  {
    name: "a ledger is read by filters, both ways and in pages",
    async run({ store, ledger }) {
      await fill(store, ledger);
      for (const [what, filter, expected] of filterTable) {
        assert.deepEqual(positions(await collect(store.readAll(ledger.ledgerId, { filter }))), expected, what);
        const backwards = store.readAll(ledger.ledgerId, { filter, backwards: true, batchSize: 2 });
        assert.deepEqual(positions(await collect(backwards)), [...expected].reverse(), `${what}, backwards`);
        const part = store.readAll(ledger.ledgerId, { filter, after: 6n, to: 24n, limit: 3 });
        assert.deepEqual(
          positions(await collect(part)),
          expected.filter((n) => n > 6n && n <= 24n).slice(0, 3),
          `${what}, a part`,
        );
      }
    },
  },
  {
    name: "a ledger is read by time to the microsecond, from inclusive, to exclusive",
    async run({ store, ledger }) {
      const times = await fill(store, ledger);
      const recordedFromMicros = times[9] as bigint;
      const recordedToMicros = times[19] as bigint;
      const expected = all.filter((_, index) => {
        const time = times[index] as bigint;
        return time >= recordedFromMicros && time < recordedToMicros;
      });
      const read = async (filter: EventFilter, backwards = false): Promise<bigint[]> =>
        positions(await collect(store.readAll(ledger.ledgerId, { filter, backwards })));
      assert.deepEqual(await read({ recordedFromMicros, recordedToMicros }), expected);
      assert.deepEqual(await read({ recordedFromMicros, recordedToMicros }, true), [...expected].reverse());
      assert.deepEqual(await read({ recordedFromMicros: 0n, recordedToMicros: 2n ** 63n - 1n }), all);
      assert.deepEqual(await read({ recordedFromMicros: -(2n ** 62n) }), all);
      assert.deepEqual(await read({ recordedFromMicros: (times[29] as bigint) + 1n }), []);
      assert.deepEqual(await read({ recordedToMicros: times[0] as bigint }), []);
      assert.deepEqual(await read({ recordedToMicros: 1n, tags: ["by:2"] }), []);
    },
  },
  {
    name: "a stream is read in every direction, part and page size",
    async run({ store, ledger }) {
      await fill(store, ledger);
      for (const [what, options, expected] of readStreamTable) {
        const events = await collect(store.readStream(ledger.ledgerId, "s-1", options));
        assert.deepEqual(
          events.map(({ version }) => version),
          expected,
          what,
        );
        assert(events.every(({ stream }) => stream === "s-1"));
      }
      assert.deepEqual(await collect(store.readStream(ledger.ledgerId, "none")), []);
      assert.deepEqual(await collect(store.readStream(ledger.ledgerId, "\0")), []);
    },
  },
  {
    name: "readers get in batches what a ledger and a stream have",
    async run({ store, ledger }) {
      await fill(store, ledger);
      const { ledgerId } = ledger;
      const reads: ReadAllOptions[] = [
        ...readAllTable.map(([, options]) => options),
        ...filterTable.flatMap(([, filter]) => [
          { filter, batchSize: 2 },
          { filter, backwards: true },
        ]),
      ];
      for (const read of reads) {
        const stored = await collect(store.readAll(ledgerId, read));
        assert.deepEqual(await collectBatches(store.readBatches(ledgerId, read)), stored.map(asRead));
      }
      for (const [what, read] of readStreamTable) {
        const stored = await collect(store.readStream(ledgerId, "s-1", read));
        const batches = store.readBatches(ledgerId, { ...read, stream: "s-1" });
        assert.deepEqual(await collectBatches(batches), stored.map(asRead), what);
      }
      assert.deepEqual(await collectBatches(store.readBatches(ledgerId, { stream: "none" })), []);
      await assert.rejects(collectBatches(store.readBatches(ledgerId, { limit: -1 })), { code: "invalid-argument" });
      const gone = store.readBatches(ledgerId, { signal: AbortSignal.abort() });
      await assert.rejects(collectBatches(gone), { code: "aborted" });
    },
  },
  {
    name: "one event is found by position and by id",
    async run({ store, ledger, newLedger }) {
      const [event] = recorded(await appendOne(store, ledger.ledgerId, request()));
      assert(event !== undefined);
      assert.equal((await store.findEvent(ledger.ledgerId, { position: 1n }))?.id, event.id);
      assert.equal((await store.findEvent(ledger.ledgerId, { id: event.id }))?.position, 1n);
      assert.equal(await store.findEvent(ledger.ledgerId, { position: 2n }), undefined);
      assert.equal(await store.findEvent(ledger.ledgerId, { id: "nonsense" }), undefined);
      assert.equal(await store.findEvent((await newLedger()).ledgerId, { id: event.id }), undefined);
    },
  },
  {
    name: "reading options that make no sense are refused",
    async run({ store, ledger }) {
      const bad: ReadAllOptions[] = [
        { limit: -1 },
        { limit: 1.5 },
        { batchSize: 0 },
        { after: -1n },
        { to: 2n ** 63n },
      ];
      for (const options of bad) {
        await assert.rejects(collect(store.readAll(ledger.ledgerId, options)), { code: "invalid-argument" });
      }
    },
  },
  {
    name: "a reader who gives up stops at once",
    async run({ store, ledger }) {
      await fill(store, ledger);
      const gone = AbortSignal.abort(new Error("gone"));
      await assert.rejects(collect(store.readAll(ledger.ledgerId, { signal: gone })), { code: "aborted" });
      await assert.rejects(collect(store.readStream(ledger.ledgerId, "s-1", { signal: gone })), { code: "aborted" });
      const controller = new AbortController();
      const seen: bigint[] = [];
      await assert.rejects(
        async () => {
          for await (const { position } of store.readAll(ledger.ledgerId, {
            signal: controller.signal,
            batchSize: 2,
          })) {
            seen.push(position);
            if (position === 5n) controller.abort();
          }
        },
        { code: "aborted" },
      );
      assert.deepEqual(seen, all.slice(0, 5));
    },
  },
  {
    name: "a reader may leave in the middle and begin again",
    async run({ store, ledger }) {
      await fill(store, ledger);
      for (let round = 0; round < 30; round += 1) {
        for await (const { position } of store.readAll(ledger.ledgerId, { batchSize: 3 })) if (position === 8n) break;
      }
      assert.equal((await collect(store.readAll(ledger.ledgerId))).length, 30);
    },
  },
];
