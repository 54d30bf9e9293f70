import { defineModel, defineProjection, rowsDigest } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const sums = defineProjection("stream-sums", {
  version: 2,
  model: defineModel("sum", { initial: () => ({ sum: 0, 'odd "key" é': null }) }).on(Added, (state, { data }) => ({
    ...state,
    sum: state.sum + data.n,
  })),
  key: ({ stream }) => stream,
});
const seen = defineProjection("seen", { schema: "create table seen (n int)" }).on(Added, () => undefined);

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

const rowsAt = (position: bigint) =>
  on.ledger.projectionAt(sums, { position }, (db) =>
    db.query<{ key: string; state: unknown }>("select key, state from stream_sums order by position desc"),
  );

async function list() {
  const all: unknown[] = [];
  for await (const one of on.ledger.snapshots("projection:stream-sums")) all.push(one);
  return all;
}

test("a projection's snapshot commits to its rows' digest, as of its position", async () => {
  for (const stream of ["b", "a", 'ü "x" \u0001', "B"])
    await on.ledger.append(stream, [Added({ n: 1 }), Added({ n: 2 })]);
  await settle(on, sums);
  const taken = await on.ledger.snapshotProjection(sums);
  expect(taken).toMatchObject({
    branch: "projection:stream-sums",
    position: 8n,
    version: undefined,
    eventPosition: 9n,
  });
  const { rows } = await database.pool.query(
    "select state::text as state from eventchain.snapshots where ledger_id = $1",
    [on.ledgerId],
  );
  expect(JSON.parse(rows[0]?.state)).toEqual(rowsDigest(await rowsAt(8n)));
  expect(JSON.parse(rows[0]?.state)).toMatchObject({ rows: "4" });
  expect(await list()).toMatchObject([{ of: "stream-sums", schema: 2, problem: undefined }]);
  expect(await on.ledger.snapshotProjection(sums)).toEqual(taken);
});

test("rows that differ have another digest, and the order in which they come does not matter", () => {
  const rows = [
    { key: "a", state: { n: 1 } },
    { key: "ä", state: null },
    { key: "b", state: [1, 2] },
  ];
  const digest = rowsDigest(rows);
  expect(rowsDigest([...rows].reverse())).toEqual(digest);
  expect(rowsDigest(rows.slice(1)).digest).not.toBe(digest.digest);
  expect(rowsDigest([{ key: "a", state: { n: 2 } }, ...rows.slice(1)]).digest).not.toBe(digest.digest);
});

test("one that is no model, is not built, or that the ledger was opened without is refused", async () => {
  await on.ledger.append("a", Added({ n: 1 }));
  await expect(on.ledger.snapshotProjection(sums)).rejects.toMatchObject({ code: "not-found" });
  await expect(on.ledger.snapshotProjection(seen)).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(on.ledger.snapshotProjection("unheard")).rejects.toMatchObject({ code: "not-found" });
});
