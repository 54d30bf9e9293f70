import { randomBytes } from "@eventchain/core";
import { openPostgresHandlers, openPostgresSnapshots, openPostgresStore } from "@eventchain/store";
import { newEvent } from "@eventchain/store/testing";
import { verifyLedger } from "@eventchain/verifier";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";
import { type FaultyProxy, startFaultyProxy } from "./append-proxy.ts";

/** A snapshot, and a switch, is one commit: it fails before it was stored, or is stored but reported as failed. */

let database: TestDatabase;
let proxy: FaultyProxy;
let lossy: pg.Pool;
let staged: StagedLedger;
let ledgers = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startFaultyProxy(database.url);
});
beforeEach(async () => {
  lossy = new pg.Pool({ connectionString: proxy.url, max: 2 });
  lossy.on("error", () => undefined);
  staged = await createStagedLedger(database.pool, `system-fault-${++ledgers}.test`);
  await openPostgresStore({ pool: database.pool }).append(staged.ledgerId, [{ events: [newEvent()], expected: [] }]);
});
afterEach(async () => {
  await lossy.end();
  await staged.seal();
  const report = await verifyLedger({ database: database.pool, trust: staged.trust, offline: true });
  expect(report.findings).toEqual([]);
});
afterAll(async () => {
  await proxy?.close();
  await database?.drop();
});

const unavailable = { code: "database-unavailable", retryable: true };

async function typesOf(ledgerId: bigint): Promise<string[]> {
  const { rows } = await database.pool.query<{ type: string }>(
    "select type from eventchain.events where ledger_id = $1 and position > 1 order by position",
    [ledgerId],
  );
  return rows.map(({ type }) => type);
}

describe("a snapshot", () => {
  const take = () => {
    const { id, salt, metaSalt } = newEvent();
    return openPostgresSnapshots(lossy).take(staged.ledgerId, {
      ...{ branch: "ticket/ticket-1", of: "ticket-1", position: 1n, version: 1n, schema: 1, state: "{}" },
      salt: randomBytes(32),
      event: { id, salt, metaSalt, metadata: "{}" },
    });
  };

  test("that failed before it was stored left neither event nor row, and is taken when asked for again", async () => {
    proxy.loseNext("lose-request");
    await expect(take()).rejects.toMatchObject(unavailable);
    expect(await typesOf(staged.ledgerId)).toEqual([]);
    expect(await openPostgresSnapshots(lossy).list(staged.ledgerId, { limit: 1 })).toEqual([]);
    expect(await take()).toMatchObject({ outcome: "taken" });
  });

  test("that was stored, but reported as failed, is the one that is known when asked for again", async () => {
    proxy.loseNext("lose-response");
    await expect(take()).rejects.toMatchObject(unavailable);
    expect(await take()).toMatchObject({ outcome: "known", eventPosition: 2n });
    expect(await typesOf(staged.ledgerId)).toEqual(["$SnapshotTaken"]);
  });
});

describe("a switch", () => {
  const off = () => {
    const { id, salt, metaSalt } = newEvent();
    const event = { id, salt, metaSalt, metadata: "{}" };
    return openPostgresHandlers(lossy).switch(staged.ledgerId, { handler: "mail", enabled: false, by: "ada", event });
  };

  test("that failed before it was stored left the handler as it was", async () => {
    proxy.loseNext("lose-request");
    await expect(off()).rejects.toMatchObject(unavailable);
    expect(await typesOf(staged.ledgerId)).toEqual([]);
    expect(await off()).toMatchObject({ outcome: "switched" });
  });

  test("that was stored, but reported as failed, changes nothing when asked for again", async () => {
    proxy.loseNext("lose-response");
    await expect(off()).rejects.toMatchObject(unavailable);
    expect(await off()).toMatchObject({ outcome: "unchanged", enabled: false, last: { by: "ada" } });
    expect(await typesOf(staged.ledgerId)).toEqual(["$HandlerSwitched"]);
  });
});

const IDS = "'019a9f00-0000-7000-8000-000000000001', '\\x00', '{}', '\\x00'";

test.each([
  ["a switch to what is so already", `select outcome from eventchain.switch_handler($1, 'mail', true, 'ada', ${IDS})`],
  [
    "a snapshot that is refused",
    `select outcome from eventchain.take_snapshot($1, 'b', 's', 99, null, 1, '{}', sha256('s'), ${IDS})`,
  ],
  ["holding the ledger", "select case when eventchain.hold_ledger($1) then 'held' end as outcome"],
])("%s bounds, for its transaction only, how long it may idle with the lock", async (_, sql) => {
  const client = await database.pool.connect();
  const idle = async (): Promise<string> =>
    (await client.query("select current_setting('idle_in_transaction_session_timeout') as idle")).rows[0].idle;
  try {
    expect(await idle()).toBe("0");
    await client.query("begin");
    const { rows } = await client.query<{ outcome: string }>(sql, [staged.ledgerId]);
    expect(["unchanged", "refused", "held"]).toContain(rows[0]?.outcome);
    expect(await idle()).toBe("10s");
    await client.query("rollback");
    expect(await idle()).toBe("0");
  } finally {
    client.release();
  }
});
