import { canonicalJson, compareUtf8 } from "@eventchain/core";
import { type EventStore, openPostgresStore } from "@eventchain/store";
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

/** Whatever a name may be, and what Postgres's lists put into quotes more often than chance would. */
const name = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
    fc.constantFrom("null", "NULL", "{}", '"', "\\", '\\"', "a,b", " a ", "\n", "{a}", "''", "\u2028", "💡,"),
  )
  .filter((text) => !text.includes("\0") && text.isWellFormed() && !text.startsWith("$"));
const object = fc
  .dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 2, stringUnit: "binary" }))
  .map((each) => {
    const text = JSON.stringify(each);
    // What is no text to Postgres is none here.
    return canonicalJson(
      JSON.parse(text.isWellFormed() && !text.includes("\\u0000") && !/\\ud[89a-f]/i.test(text) ? text : "{}"),
    );
  });
const events = fc.array(
  fc.record({
    stream: name,
    type: name,
    schema: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    tags: fc.uniqueArray(name, { maxLength: 5 }).map((tags) => tags.sort(compareUtf8)),
    data: object,
  }),
  { minLength: 1, maxLength: 30 },
);

test("whatever names, tags and texts events have, they are read as they were appended", async () => {
  await fc.assert(
    fc.asyncProperty(events, fc.integer({ min: 1, max: 9 }), async (made, batchSize) => {
      const { ledgerId } = await createTestLedger(store);
      const [outcome] = await store.append(ledgerId, [{ events: made.map(newEvent), expected: [] }]);
      if (outcome?.outcome !== "recorded") throw new Error(JSON.stringify(outcome));
      const stored = await Array.fromAsync(store.readAll(ledgerId, { batchSize }));
      const texts = stored.map(({ stream, type, schema, tags, data }) => ({ stream, type, schema, tags, data }));
      expect(texts).toEqual(made);
      expect(stored.map(({ hash, recordedAtMicros }) => ({ hash: Buffer.from(hash), recordedAtMicros }))).toEqual(
        outcome.events.map(({ hash, recordedAtMicros }) => ({ hash: Buffer.from(hash), recordedAtMicros })),
      );
      expect(await collectBatches(store.readBatches(ledgerId, { batchSize }))).toEqual(stored.map(asRead));
    }),
    { numRuns: 60 },
  );
});
