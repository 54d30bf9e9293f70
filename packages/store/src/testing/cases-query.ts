import assert from "node:assert/strict";
import type { EventFilter, EventQuery, EventStore, ReadAllOptions } from "../port.ts";
import {
  appendOne,
  type ConformanceCase,
  collect,
  commandRequest,
  newEvent,
  positions,
  recorded,
  type TestLedger,
} from "./harness.ts";

/**
 * 30 events at the positions 1 … 30, then one of the ledger's own, `$CommandRejected`, at 31. Streams s-0 … s-2, types T-0
 * and T-1, tags by 2, 3 and 5; actors by 4, correlations by 7, causations by 10.
 */
export async function fillMixed(store: EventStore, { ledgerId }: TestLedger): Promise<void> {
  const events = Array.from({ length: 30 }, (_, index) => {
    const n = index + 1;
    const tags = [2, 3, 5].filter((k) => n % k === 0).map((k) => `by:${k}`);
    const texts = { actor: `a-${n % 4}`, causationId: `e-${n % 10}`, correlationId: `c-${n % 7}`, ip: "::1" };
    return newEvent({ stream: `s-${n % 3}`, type: `T-${n % 2}`, tags, metadata: JSON.stringify(texts) });
  });
  recorded(await appendOne(store, ledgerId, { events, expected: [] }));
  const { command } = commandRequest("rejected", "x");
  assert(command !== undefined);
  const { id, salt, metaSalt } = newEvent();
  const event = { id, salt, metaSalt, metadata: '{"actor":"a-1","commandId":"rejected"}' };
  const rejection = { code: "not-allowed", event };
  const outcome = await appendOne(store, ledgerId, { events: [], expected: [], command, rejection });
  assert.equal(outcome.outcome, "rejected");
}

const all = Array.from({ length: 31 }, (_, index) => BigInt(index + 1));
const where = (holds: (n: number) => boolean): bigint[] =>
  all.slice(0, 30).filter((position) => holds(Number(position)));

const queryTable: readonly [what: string, query: EventQuery, expected: bigint[]][] = [
  ["all", "all", where(() => true)],
  ["no item", [], []],
  ["a stream", [{ streams: ["s-1"] }], where((n) => n % 3 === 1)],
  ["any of several streams", [{ streams: ["s-1", "s-2", "s-1", "none"] }], where((n) => n % 3 !== 0)],
  ["any of several types", [{ types: ["T-0", "T-1"] }], where(() => true)],
  ["all of several tags", [{ tags: ["by:2", "by:3", "by:2"] }], where((n) => n % 6 === 0)],
  ["a tag that nobody has", [{ tags: ["by:2", "by:4"] }], []],
  ["types and tags", [{ types: ["T-1"], tags: ["by:5"] }], where((n) => n % 10 === 5)],
  ["streams and types", [{ streams: ["s-0"], types: ["T-0"] }], where((n) => n % 6 === 0)],
  ["streams and tags", [{ streams: ["s-1"], tags: ["by:5"] }], where((n) => n % 15 === 10)],
  ["everything of an item", [{ streams: ["s-0"], types: ["T-0"], tags: ["by:5"] }], [30n]],
  [
    "items that overlap, each event once",
    [{ tags: ["by:2"] }, { tags: ["by:3"] }, { types: ["T-0"] }, { streams: ["s-0"] }],
    where((n) => n % 2 === 0 || n % 3 === 0),
  ],
  [
    "many types of a tag",
    [{ tags: ["by:5"], types: [...Array(20).keys()].map((n) => `T-${n}`) }],
    where((n) => n % 5 === 0),
  ],
  ["the ledger's own type, by name", [{ types: ["$CommandRejected"] }], [31n]],
  ["the ledger's own stream, by name", [{ streams: ["$audit", "s-0"] }], [...where((n) => n % 3 === 0), 31n]],
  ["a name that nobody can have", [{ streams: ["\0", "s-1"] }, { tags: ["\0"] }], where((n) => n % 3 === 1)],
  [
    "as many items as there may be",
    [...Array(1024).keys()].map((n) => ({ tags: [`by:${n}`] })),
    where((n) => n % 2 === 0 || n % 3 === 0 || n % 5 === 0),
  ],
];

const both: readonly [what: string, options: ReadAllOptions, expected: bigint[]][] = [
  ["a query and a filter", { query: [{ tags: ["by:2"] }], filter: { actor: "a-2" } }, where((n) => n % 4 === 2)],
  ["a filter's stream and a query's", { query: [{ streams: ["s-1"] }], filter: { streams: ["s-2"] } }, []],
  [
    "a filter's tags and a query's",
    { query: [{ tags: ["by:2"] }], filter: { tags: ["by:3"] } },
    where((n) => n % 6 === 0),
  ],
  ["all and a filter", { query: "all", filter: { actor: "a-1" } }, where((n) => n % 4 === 1)],
  ["a filter alone, the ledger's own too", { filter: { actor: "a-1" } }, [...where((n) => n % 4 === 1), 31n]],
];

const metadataTable: readonly [what: string, filter: EventFilter, expected: bigint[]][] = [
  ["one causation", { causationIds: ["e-3"] }, where((n) => n % 10 === 3)],
  ["several causations", { causationIds: ["e-3", "e-4", "e-3", "none"] }, where((n) => n % 10 === 3 || n % 10 === 4)],
  ["no causation at all", { causationIds: [] }, []],
  ["several texts", { actor: "a-3", causationIds: ["e-7"], correlationId: "c-0" }, [7n]],
  ["a text that nobody can have", { actor: "\0" }, []],
  ["a long text", { actor: "a".repeat(5_000) }, []],
];

/** Reads forwards, backwards, in a part and by small pages, and counts. */
async function checkRead(
  store: EventStore,
  ledgerId: bigint,
  options: ReadAllOptions,
  expected: bigint[],
  what: string,
): Promise<void> {
  const read = async (more: ReadAllOptions = {}): Promise<bigint[]> =>
    positions(await collect(store.readAll(ledgerId, { ...options, ...more })));
  assert.deepEqual(await read(), expected, what);
  assert.deepEqual(await read({ batchSize: 1 }), expected, `${what}, by small pages`);
  assert.deepEqual(await read({ backwards: true, batchSize: 3 }), [...expected].reverse(), `${what}, backwards`);
  const part = expected.filter((n) => n > 6n && n <= 24n);
  assert.deepEqual(await read({ after: 6n, to: 24n }), part, `${what}, a part`);
  const end = await read({ backwards: true, after: 25n, to: 7n, limit: 3 });
  assert.deepEqual(end, part.toReversed().slice(0, 3), `${what}, a part backwards`);
  assert.equal(await store.count(ledgerId, options), BigInt(expected.length), `${what}, counted`);
  assert.equal(
    await store.count(ledgerId, { ...options, after: 6n, to: 24n }),
    BigInt(part.length),
    `${what}, counted in part`,
  );
}

export const queryCases: readonly ConformanceCase[] = [
  {
    name: "queries are read both ways, in parts and pages, and counted",
    async run({ store, ledger }) {
      await fillMixed(store, ledger);
      for (const [what, query, expected] of queryTable)
        await checkRead(store, ledger.ledgerId, { query }, expected, what);
    },
  },
  {
    name: "a query and a filter are both met, and metadata's texts are found",
    async run({ store, ledger }) {
      await fillMixed(store, ledger);
      for (const [what, options, expected] of both) await checkRead(store, ledger.ledgerId, options, expected, what);
      for (const [what, filter, expected] of metadataTable)
        await checkRead(store, ledger.ledgerId, { filter }, expected, what);
    },
  },
  {
    name: "texts of metadata may be long, and are found whole",
    async run({ store, ledger }) {
      const long = (end: string): string => `${"é".repeat(20_000)}${end}`;
      for (const end of ["1", "2"]) {
        const texts = { actor: long(end), causationId: long(end), correlationId: long(end), ip: long(end) };
        const event = newEvent({ metadata: JSON.stringify(texts) });
        recorded(await appendOne(store, ledger.ledgerId, { events: [event], expected: [] }));
      }
      for (const filter of [
        { actor: long("2") },
        { ip: long("2") },
        { correlationId: long("2") },
        { causationIds: [long("2")] },
      ])
        assert.deepEqual(positions(await collect(store.readAll(ledger.ledgerId, { filter }))), [2n]);
    },
  },
  {
    name: "what is no query is refused, whatever it is asked for",
    async run({ store, ledger: { ledgerId } }) {
      const bad = [
        [{}],
        [{ tags: [] }],
        [{ types: ["T"], stream: "s" }],
        "none",
        [null],
        [{ streams: "s" }],
        [{ tags: [1] }],
      ];
      for (const query of bad as unknown as EventQuery[]) {
        const refused = { code: "invalid-argument" };
        await assert.rejects(collect(store.readAll(ledgerId, { query })), refused);
        await assert.rejects(collect(store.readAll(ledgerId, { access: query })), refused);
        await assert.rejects(collect(store.readStream(ledgerId, "s", { access: query })), refused);
        await assert.rejects(store.count(ledgerId, { query }), refused);
        await assert.rejects(store.findEvent(ledgerId, { position: 1n }, { access: query }), refused);
        await assert.rejects(store.look(ledgerId, [{ query }]), refused);
      }
      const many = Array.from({ length: 1025 }, (_, n) => ({ tags: [`t-${n}`] }));
      await assert.rejects(store.count(ledgerId, { query: many }), { code: "too-large" });
    },
  },
];
