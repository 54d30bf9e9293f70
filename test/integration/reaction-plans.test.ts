// What the statements over tasks touch, on a table that was filled a moment ago, of which the planner knows nothing.
import { readFileSync } from "node:fs";
import { openPostgresStore } from "@eventchain/store";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";

const TASKS = 20_000;
const STREAMS = 40;
/** Pages: some for each of a few rows. A walk over all tasks touches as many as there are tasks, and more. */
const MOST_PAGES = 1_000;
/** Those that run with the settings of `reaction-transaction`. */
const IN_TRANSACTIONS = ["reaction-take-ordered", "reaction-finish", "reaction-wake"];
const LEASE = "00000000-0000-7000-8000-000000000001";

let database: TestDatabase;
let ledgerId: bigint;

beforeAll(async () => {
  database = await createTestDatabase();
  ({ ledgerId } = await createLedger(openPostgresStore({ pool: database.pool })));
  await database.pool.query("alter table eventchain.reaction_tasks set (autovacuum_enabled = false)");
  await database.pool.query("insert into eventchain.reactions values ($1, 'r', 0, sha256('a'))", [ledgerId]);
  // Each stream's first is due, all others wait for it.
  await database.pool.query(
    `insert into eventchain.reaction_tasks
       (ledger_id, reaction, position, handler, stream, is_timeout, is_checked, is_held, due_at)
     select $1, 'r', n, 'on:X', 's' || n % $2::int, false, true, n > $2::int, now()
       from generate_series(1, $3::int) n`,
    [ledgerId, STREAMS, TASKS],
  );
});
afterAll(() => database?.drop());

const textOf = (name: string): string =>
  readFileSync(new URL(`../../packages/store/src/postgres/statements/${name}.sql`, import.meta.url), "utf8");

/** The pages that a statement touches; what it does is taken back. */
async function pagesOf(name: string, values: readonly unknown[]): Promise<number> {
  const client: pg.PoolClient = await database.pool.connect();
  try {
    await client.query("begin");
    if (IN_TRANSACTIONS.includes(name)) await client.query(textOf("reaction-transaction"), ["60s"]);
    const { rows } = await client.query(`explain (analyze, buffers, format json) ${textOf(name)}`, [...values]);
    const plan = rows[0]["QUERY PLAN"][0].Plan;
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
  } finally {
    await client.query("rollback");
    client.release();
  }
}

describe(`with ${TASKS} tasks`, () => {
  const cases: [string, () => unknown[]][] = [
    ["reaction-survey", () => [ledgerId, ["r"], ["appended"]]],
    ["reaction-take", () => [ledgerId, "r", 16, LEASE, 1_000]],
    ["reaction-take-ordered", () => [ledgerId, "r", 16, LEASE, 1_000]],
    ["reaction-finish", () => [ledgerId, "r", [1, 2, 3], Array(3).fill("on:X"), Array(3).fill(LEASE)]],
    ["reaction-wake", () => [ledgerId, "r", ["s1", "s2", "s3"]]],
    ["reaction-put-off", () => [ledgerId, "r", 1, "on:X", LEASE, 0, "no", 1_000, null]],
    ["reaction-expire", () => [ledgerId, "r"]],
  ];
  test.each(cases)("%s touches the rows that it means", async (name, values) => {
    expect(await pagesOf(name, values())).toBeLessThan(MOST_PAGES);
  });
});
