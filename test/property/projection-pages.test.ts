import {
  type EventQuery,
  type EventStore,
  openPostgresProjections,
  openPostgresStore,
  type PageEvent,
  type ProjectionStore,
  type StoredEvent,
} from "@eventchain/store";
import { asRead, createTestLedger, newEvent } from "@eventchain/store/testing";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let store: EventStore;
let projections: ProjectionStore;
beforeAll(async () => {
  database = await createTestDatabase();
  store = openPostgresStore({ pool: database.pool });
  projections = openPostgresProjections(database.pool);
});
afterAll(() => database.drop());

const TYPES = ["A", "B", "C"];
/** Some so long that Postgres compresses them: what a page may hold counts by what they are, not by what they take. */
const length = fc.oneof(
  { weight: 4, arbitrary: fc.nat(40) },
  { weight: 1, arbitrary: fc.integer({ min: 2_000, max: 9_000 }) },
);
const events = fc.array(
  fc.record({
    stream: fc.constantFrom("s", "t"),
    type: fc.constantFrom(...TYPES),
    data: length.map((count) => JSON.stringify({ text: "x".repeat(count) })),
  }),
  { minLength: 1, maxLength: 60 },
);
const query: fc.Arbitrary<EventQuery> = fc.oneof(
  { weight: 4, arbitrary: fc.subarray([...TYPES, "none"], { minLength: 1 }).map((types) => [{ types }]) },
  { weight: 1, arbitrary: fc.constantFrom<EventQuery>("all", [], [{ streams: ["s"], types: ["A"] }]) },
);
const request = fc.record({
  query,
  limit: fc.integer({ min: 1, max: 12 }),
  maxBytes: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 401, max: 30_000 })),
  to: fc.option(fc.bigInt({ min: 1n, max: 70n }), { nil: undefined }),
});

function meets(asked: EventQuery, { type, stream }: StoredEvent): boolean {
  if (asked === "all") return true;
  return asked.some(({ types, streams }) => types?.includes(type) !== false && streams?.includes(stream) !== false);
}

const bytesOf = (list: readonly StoredEvent[]): number =>
  list.reduce((sum, { data, metadata }) => sum + (data?.length ?? 0) + (metadata?.length ?? 0), 0);

test("pages that are searched for and pages that are looked through give each event once, within their bounds", async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.array(request, { minLength: 4, maxLength: 8 }), async (made, requests) => {
      const { ledgerId } = await createTestLedger(store);
      await store.append(ledgerId, [{ events: made.map(newEvent), expected: [] }]);
      const all = await Array.fromAsync(store.readAll(ledgerId));
      for (const { to, ...asked } of requests) {
        const end = to === undefined || to > BigInt(made.length) ? BigInt(made.length) : to;
        const wanted = all.filter((event) => event.position <= end && meets(asked.query, event));
        for (const isDense of [false, true]) {
          const found: PageEvent[] = [];
          let after = 0n;
          while (after < end) {
            const range = to === undefined ? {} : { to };
            const page = await projections.page(ledgerId, { ...asked, ...range, after, level: "appended", isDense });
            expect(page.bound).toBe(end);
            expect(page.through).toBeGreaterThan(after);
            expect(page.events.length).toBeLessThanOrEqual(asked.limit);
            const stored = page.events.map(({ position }) => all[Number(position) - 1] as StoredEvent);
            expect(bytesOf(stored.slice(0, -1))).toBeLessThan(asked.maxBytes);
            found.push(...page.events);
            after = page.through;
          }
          expect(found).toEqual(wanted.map((event) => (({ hash: _, ...rest }) => rest)(asRead(event))));
        }
      }
    }),
    { numRuns: 40 },
  );
});
