// How many rows and index entries it takes to find a snapshot in a long branch: counted by Postgres, not timed.
import { openPostgresSnapshots, openPostgresStore } from "@eventchain/store";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";

const SNAPSHOTS = 20_000;

const touchedSql = `
  select sum(pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid))::int as touched
  from pg_class c
  where c.relnamespace = 'eventchain'::regnamespace and c.relkind in ('r', 'i') and c.relname ~ '^snapshots'`;

let database: TestDatabase;
let ledgerId: bigint;

beforeAll(async () => {
  database = await createTestDatabase();
  ({ ledgerId } = await createLedger(openPostgresStore({ pool: database.pool })));
  await database.pool.query(
    `insert into eventchain.snapshots (ledger_id, branch, position, schema, of, version, state, salt, event_position, taken_at)
     select $1, 'long/a', n * 3, 1 + n % 2, 'a', n, '{}', sha256('salt'), n * 3 + 1, now() from generate_series(1, $2::int) n`,
    [ledgerId, SNAPSHOTS],
  );
  await database.pool.query("analyze eventchain.snapshots");
});
afterAll(() => database.drop());

/** What is found, and what of the table and its indexes was read for it. */
async function find(wanted: { upToPosition?: bigint; upToVersion?: bigint }) {
  const client = await database.pool.connect();
  try {
    await client.query("begin");
    const pool = { query: client.query.bind(client) } as unknown as pg.Pool;
    const [found] = await openPostgresSnapshots(pool).find(ledgerId, [{ branch: "long/a", schema: 2, ...wanted }]);
    const { rows } = await client.query<{ touched: number }>(touchedSql);
    return { version: found?.version, touched: rows[0]?.touched ?? Number.NaN };
  } finally {
    await client.query("rollback");
    client.release();
  }
}

test("an early, a late and no version are found by a handful of entries, in a table that Postgres has analysed", async () => {
  for (const [what, wanted, version] of [
    ["version 4", { upToVersion: 4n }, 3n],
    ["version 19,000", { upToVersion: 19_000n }, 18_999n],
    ["position 13", { upToPosition: 13n }, 3n],
    ["the newest", {}, 19_999n],
  ] as const) {
    const found = await find(wanted);
    expect(found.version).toBe(version);
    expect(found.touched).toBeGreaterThan(0);
    expect(found.touched, what).toBeLessThanOrEqual(20);
  }
});
