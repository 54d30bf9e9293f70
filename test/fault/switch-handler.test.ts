import { type Connection, connect, type Ledger } from "@eventchain/ledger";
import { openPostgresReactions, openPostgresStore } from "@eventchain/store";
import { verifyLedger } from "@eventchain/verifier";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { appendSome, type FaultMode, faultModes } from "../support/ledger-workers.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

/** Switching a reaction on from now has two durable steps: its cursor at the head, then the event with its row. */

let database: TestDatabase;
let staged: StagedLedger;
let pool: pg.Pool;
let connection: Connection;
let ledger: Ledger;
let fault: { word: string; mode: FaultMode } | undefined;
let ledgers = 0;

/** A pool that loses its connection at the statement with a word in its text: before it was sent, or after its answer. */
function losing(real: pg.Pool): pg.Pool {
  const query = async (...given: unknown[]): Promise<unknown> => {
    const { text = "" } = given[0] as { text?: string };
    const found = fault !== undefined && text.includes(fault.word) ? fault : undefined;
    if (found !== undefined) fault = undefined;
    if (found?.mode !== "before") {
      const answer = await (real.query as (...all: unknown[]) => Promise<unknown>)(...given);
      if (found === undefined) return answer;
    }
    throw Object.assign(new Error("the connection is gone"), { code: "ECONNRESET" });
  };
  return new Proxy(real, { get: (target, name) => (name === "query" ? query : Reflect.get(target, name, target)) });
}

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  staged = await createStagedLedger(database.pool, `switch-fault-${++ledgers}.test`);
  pool = new pg.Pool({ connectionString: database.url, max: 3 });
  connection = await connect({ database: losing(pool) });
  ledger = await connection.ledger(staged.origin);
  const store = openPostgresStore({ pool });
  await appendSome(store, staged.ledgerId, 3);
  await openPostgresReactions(pool).begin(staged.ledgerId, [{ name: "mail", fromNow: true, isOrdered: false }]);
  await ledger.switchHandler("mail", false, { by: "ada" });
  await appendSome(store, staged.ledgerId, 5);
});
afterEach(async () => {
  fault = undefined;
  await connection.close();
  await pool.end();
  await staged.seal();
  const report = await verifyLedger({ database: database.pool, trust: staged.trust, offline: true });
  expect(report.findings).toEqual([]);
});
afterAll(() => database?.drop());

const on = () => ledger.switchHandler("mail", true, { by: "ada", fromNow: true });
const position = async () => (await openPostgresReactions(pool).status(staged.ledgerId))[0]?.position;
const isOn = async () => (await ledger.handlers())[0]?.state === "on";
async function switches(): Promise<unknown[]> {
  const found = [];
  for await (const { data, metadata } of ledger.readStream("$handlers")) found.push([data?.enabled, metadata?.skipped]);
  return found;
}

describe.each(faultModes)("%s it was stored, the step is reported as failed:", (mode) => {
  test("the cursor's move: the reaction is off still, and told the same again it begins at the head", async () => {
    fault = { word: "update eventchain.reactions", mode };
    await expect(on()).rejects.toMatchObject({ code: "database-unavailable" });
    expect([await isOn(), await position()]).toEqual([false, mode === "before" ? 3n : 9n]);
    expect(await on()).toMatchObject({ switched: true, last: { position: 10n } });
    const after = mode === "before" ? "3" : "9";
    expect(await switches()).toEqual([
      [false, undefined],
      [true, { after, to: "9" }],
    ]);
    expect(await position()).toBe(9n);
  });

  test("the switch: told the same again it is on, by one event", async () => {
    fault = { word: "switch_handler", mode };
    await expect(on()).rejects.toMatchObject({ code: "database-unavailable" });
    expect([await isOn(), await position()]).toEqual([mode === "after", 9n]);
    const again = mode === "after" ? ledger.switchHandler("mail", true, { by: "ada" }) : on();
    expect(await again).toMatchObject({ switched: mode === "before" });
    expect((await switches()).map((found) => (found as unknown[])[0])).toEqual([false, true]);
  });
});
