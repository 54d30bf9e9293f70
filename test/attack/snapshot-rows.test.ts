import { defineModel, defineProjection, replaySnapshots } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const model = defineModel("sum", { initial: () => ({ sum: 0 }) }).on(Added, (state, { data }) => {
  if (data.n === 13) throw new Error("not this one");
  return { sum: state.sum + data.n };
});
const sums = defineProjection("sums", { model, key: ({ stream }) => stream, onError: "dead-letter" });

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

const replay = (projection = sums) =>
  replaySnapshots({ ledgerId: on.ledgerId, pool: database.pool }, { projections: [projection] });

async function takeTwo(between: () => Promise<unknown> = async () => undefined): Promise<void> {
  for (const stream of ["b", "a", "c"]) await on.ledger.append(stream, [Added({ n: 1 }), Added({ n: 13 })]);
  await settle(on, sums);
  await on.ledger.snapshotProjection(sums);
  await between();
  await on.ledger.append("a", Added({ n: 5 }));
  await settle(on, sums);
  await on.ledger.snapshotProjection(sums);
}

test("digests of rows that follow from the events are found to, events that were passed over among them", async () => {
  await takeTwo();
  expect(await replay()).toEqual({ replayed: 2n, skipped: 0n, unfounded: [] });
});

test("a digest of rows that were changed before is not what the events give", async () => {
  await takeTwo(() => database.pool.query(`update ledger_${on.ledgerId}.sums set state = '{"sum":7}' where key = 'b'`));
  expect(await replay()).toMatchObject({
    replayed: 2n,
    unfounded: [{ branch: "projection:sums", problem: "its rows are not what its events give" }],
  });
});

test("those of another version of the projection are left out", async () => {
  await takeTwo();
  const other = defineProjection("sums", { version: 2, model, key: ({ stream }) => stream });
  expect(await replay(other)).toEqual({ replayed: 0n, skipped: 2n, unfounded: [] });
});
