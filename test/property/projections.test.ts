import assert from "node:assert/strict";
import { defineModel, defineProjection, type ProjectionDb } from "@eventchain/ledger";
import fc from "fast-check";
import { afterAll, beforeAll, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, openProjecting, settle } from "../support/projecting.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const last = defineModel("last", { initial: () => ({ count: 0, sum: 0 }) }).on(Added, (state, { data }) => ({
  count: state.count + 1,
  sum: state.sum + data.n,
}));
const sums = defineProjection("sums", { model: last, key: ({ stream }) => (stream === "none" ? undefined : stream) });
const SCHEMA = "create table maxima (stream text primary key, n int not null, first bigint not null)";
const maxima = defineProjection("maxima", { schema: SCHEMA, mode: "inline" }).on(
  Added,
  ({ stream, data, position }, db) =>
    db.query(
      "insert into maxima as m values ($1, $2, $3) on conflict (stream) do update set n = greatest(m.n, excluded.n)",
      [stream, data.n, position],
    ),
);

/** What both tables say, by stream. */
const READS = {
  sums: "select key, state from sums order by key",
  maxima: "select stream, n, first from maxima order by stream",
};

interface Row {
  stream: string;
  n: number;
}

/** What both tables are to say after these events, of which the first stands at position 1. */
function expected(rows: readonly Row[]): { sums: unknown[]; maxima: unknown[] } {
  const streams = [...new Set(rows.map(({ stream }) => stream))].sort();
  const of = (stream: string): number[] => rows.filter((row) => row.stream === stream).map(({ n }) => n);
  return {
    sums: streams
      .filter((stream) => stream !== "none")
      .map((key) => ({ key, state: { count: of(key).length, sum: of(key).reduce((sum, n) => sum + n, 0) } })),
    maxima: streams.map((stream) => ({
      stream,
      n: Math.max(...of(stream)),
      first: BigInt(rows.findIndex((row) => row.stream === stream) + 1),
    })),
  };
}

const row = fc.record({ stream: fc.constantFrom("a", "b", "none"), n: fc.integer({ min: -9, max: 9 }) });
/** Appends of some events each; a worker comes by after those that are marked. */
const appends = fc.array(fc.record({ rows: fc.array(row, { minLength: 1, maxLength: 4 }), worker: fc.boolean() }), {
  maxLength: 8,
});

test("tables are what their events give, however these were batched, now and at each position", async () => {
  await fc.assert(
    fc.asyncProperty(appends, fc.nat(), async (batches, some) => {
      const on = await openProjecting(database, [maxima]);
      try {
        const rows: Row[] = [];
        for (const { rows: batch, worker } of batches) {
          for (const { stream, n } of batch) await on.ledger.append(stream, Added({ n }));
          rows.push(...batch);
          if (worker) for (const projection of [sums, maxima]) await settle(on, projection);
        }
        for (const projection of [sums, maxima]) await settle(on, projection);
        const position = some % (rows.length + 1);
        const [now, then] = [expected(rows), expected(rows.slice(0, position))];
        for (const projection of [sums, maxima]) {
          const name = projection.name as keyof typeof READS;
          const read = (db: ProjectionDb) => db.query(READS[name]);
          assert.deepEqual(await on.ledger.readProjections(READS[name]), now[name], `${name} now`);
          assert.deepEqual(
            await on.ledger.projectionAt(projection, { position }, read),
            then[name],
            `${name} at ${position}`,
          );
        }
      } finally {
        await on.close();
      }
    }),
    { numRuns: 10 },
  );
}, 120_000);
