// Handlers that take their time: what they have done is committed, and who wants to stop does not wait for the rest.
import { setTimeout as pause } from "node:timers/promises";
import { defineProjection, type Projection, replayProjection } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, buildsOf, openProjecting, type Projecting } from "../support/projecting.ts";

const schema = "create table seen (n int not null)";
/** More than a batch has. */
const SLOW_MS = 1_050;

let database: TestDatabase;
let on: Projecting;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  on = await openProjecting(database);
  return () => on.close();
});

function seen(after: (n: number) => unknown): Projection {
  return defineProjection("seen", { schema }).on(Added, async ({ data }, db) => {
    await db.query("insert into seen values ($1)", [data.n]);
    await after(data.n);
  });
}

test("a batch ends after a second of its handlers, and what it has is committed", async () => {
  await on.add(3, 1);
  const told: bigint[] = [];
  const slow = seen(() => pause(SLOW_MS));
  await replayProjection(on, slow, { onProgress: (position) => told.push(position) });
  expect(told).toEqual([1n, 2n, 3n]);
  expect(await on.rows("select n from $views.seen order by n")).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
});

test("a handler of batches that took longer than a second is given fewer events", async () => {
  await on.add(10_000);
  const sizes: number[] = [];
  const slow = defineProjection("seen", { schema }).onBatch([Added], async (events) => {
    sizes.push(events.length);
    if (sizes.length === 1) await pause(SLOW_MS);
  });
  await replayProjection(on, slow);
  expect(sizes[1]).toBeLessThan(8_000);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(10_000);
});

test.each([
  ["between two events", 2],
  ["after the last event, before the swap", 9],
])("a replay ends %s where it is interrupted there, and keeps what it has", async (_where, last) => {
  await on.add(10, 1);
  const stop = new AbortController();
  const interrupted = seen((n) => n === last && stop.abort());
  await expect(replayProjection(on, interrupted, { signal: stop.signal })).rejects.toMatchObject({ code: "aborted" });
  expect(await buildsOf(on, "seen")).toEqual({ live: undefined, building: `1@${last + 1}`, reason: null });
});
