import { compareUtf8 } from "@eventchain/core";
import {
  type EventFilter,
  type EventQuery,
  type EventStore,
  matchesQuery,
  openPostgresStore,
  type ReadAllOptions,
  type StoredEvent,
} from "@eventchain/store";
import { asRead, collectBatches, createTestLedger, newEvent } from "@eventchain/store/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let store: EventStore;
beforeAll(async () => {
  database = await createTestDatabase();
  store = openPostgresStore({ pool: database.pool });
});
afterAll(() => database.drop());

/** Few names, some of them rare, so that conditions meet and pages fill: the shape of every index is there. */
const streams = ["s-0", "s-1", "s-2", "s'\"\\ü"];
const types = ["T-0", "T-1", "t-1", "T_é"];
const tags = ["a", "A", "b", "ab", "ü", "%"];
const often = <T>(names: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(names[0] as T) }, { weight: 2, arbitrary: fc.constantFrom(...names) });
const text = fc.constantFrom("x", "X", "y", "", "x ");
const metadata = fc.record({ actor: text, ip: text, correlationId: text, causationId: text }, { requiredKeys: [] });
const events = fc.array(
  fc.record({
    stream: often(streams),
    type: often(types),
    tags: fc.subarray(tags).map((some) => some.sort(compareUtf8)),
    metadata: metadata.map((object) => JSON.stringify(object)),
  }),
  { minLength: 1, maxLength: 120 },
);

const some = (names: readonly string[]): fc.Arbitrary<string[]> => fc.subarray([...names, "none"], { minLength: 1 });
const item = fc
  .record(
    { streams: some(streams), types: some(types), tags: fc.subarray(tags, { minLength: 1, maxLength: 3 }) },
    { requiredKeys: [] },
  )
  .filter((each) => Object.keys(each).length > 0);
const query: fc.Arbitrary<EventQuery> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<EventQuery>("all") },
  { weight: 6, arbitrary: fc.array(item, { maxLength: 5 }) },
);
const filter: fc.Arbitrary<EventFilter> = fc.record(
  {
    streams: some(streams),
    types: some(types),
    tags: fc.subarray(tags, { maxLength: 2 }),
    actor: text,
    ip: text,
    correlationId: text,
    causationIds: fc.array(text, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const position = fc.bigInt({ min: 0n, max: 130n });
const options: fc.Arbitrary<ReadAllOptions> = fc.record(
  {
    query,
    filter,
    access: query,
    after: position,
    to: position,
    limit: fc.nat(40),
    backwards: fc.boolean(),
    batchSize: fc.integer({ min: 1, max: 50 }),
    rowSecurity: fc.boolean(),
  },
  { requiredKeys: [] },
);

function meetsFilter(event: StoredEvent, wanted: EventFilter): boolean {
  const texts = JSON.parse(event.metadata ?? "{}");
  return (
    wanted.streams?.includes(event.stream) !== false &&
    wanted.types?.includes(event.type) !== false &&
    (wanted.tags ?? []).every((tag) => event.tags.includes(tag)) &&
    [undefined, texts.actor].includes(wanted.actor) &&
    [undefined, texts.ip].includes(wanted.ip) &&
    [undefined, texts.correlationId].includes(wanted.correlationId) &&
    wanted.causationIds?.includes(texts.causationId) !== false
  );
}

/** What a read should give, from all events by their definitions. */
function select(all: readonly StoredEvent[], read: ReadAllOptions): bigint[] {
  const { after, to, access = "all", backwards = false, limit = all.length } = read;
  const found = all.filter((event) => {
    const past = after === undefined || (backwards ? event.position < after : event.position > after);
    const within = to === undefined || (backwards ? event.position >= to : event.position <= to);
    const asked = read.query === undefined || matchesQuery(read.query, event);
    return past && within && asked && matchesQuery(access, event) && meetsFilter(event, read.filter ?? {});
  });
  return (backwards ? found.reverse() : found).slice(0, limit).map((event) => event.position);
}

async function collect(read: AsyncIterable<StoredEvent>): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  for await (const event of read) found.push(event);
  return found;
}

test("whatever a read asks for, it gives what a filter in memory does, and counts as many", async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.array(options, { minLength: 8, maxLength: 16 }), async (made, reads) => {
      const { ledgerId } = await createTestLedger(store);
      await store.append(ledgerId, [{ events: made.map(newEvent), expected: [] }]);
      const all = await collect(store.readAll(ledgerId));
      expect(all).toHaveLength(made.length);
      for (const read of reads) {
        const found = await collect(store.readAll(ledgerId, read));
        expect(found.map((event) => event.position)).toEqual(select(all, read));
        expect(await collectBatches(store.readBatches(ledgerId, read))).toEqual(found.map(asRead));
        const { limit: _limit, backwards: _backwards, batchSize: _batchSize, ...counted } = read;
        expect(await store.count(ledgerId, counted)).toBe(BigInt(select(all, counted).length));
      }
    }),
    { numRuns: 60 },
  );
});

test("whatever contexts a look has, each is what a filter in memory gives, up to the head", async () => {
  const contexts = fc.array(fc.record({ query, after: position }, { requiredKeys: ["query"] }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(events, contexts, async (made, asked) => {
      const { ledgerId } = await createTestLedger(store);
      await store.append(ledgerId, [{ events: made.map(newEvent), expected: [] }]);
      const all = await collect(store.readAll(ledgerId));
      const look = await store.look(ledgerId, asked);
      expect(look.position).toBe(BigInt(made.length));
      for (const [index, context] of look.contexts.entries()) {
        const found = await collect(context);
        expect(found.map((event) => event.position)).toEqual(select(all, asked[index] ?? {}));
      }
    }),
    { numRuns: 40 },
  );
});
