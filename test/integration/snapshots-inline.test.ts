import { defineModel, defineProjection, defineSnapshots } from "@eventchain/ledger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, openProjecting, settle } from "../support/projecting.ts";

const model = defineModel("sum", { initial: () => ({ sum: 0 }) }).on(Added, (state, { data }) => ({
  sum: state.sum + data.n,
}));
const sums = defineProjection("sums", { mode: "inline", model, key: ({ stream }) => stream });

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("an inline projection is in each append still, though a snapshot's event comes after each", async () => {
  const snapshots = [defineSnapshots(model, { every: 1, mode: "sync" })];
  const on = await openProjecting(database, [sums], { snapshots });
  try {
    await on.ledger.append("a", Added({ n: 1 }));
    await settle(on, sums);
    for (const sum of [2, 3, 4]) {
      await on.ledger.append("a", Added({ n: 1 }));
      expect(await on.ledger.readProjections("select state from sums")).toEqual([{ state: { sum } }]);
    }
    const versions: unknown[] = [];
    for await (const { version } of on.ledger.snapshots()) versions.push(version);
    expect(versions).toEqual([1n, 2n, 3n, 4n]);
  } finally {
    await on.close();
  }
});
