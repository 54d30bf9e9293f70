import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type LedgerRecord,
  type LogStore,
  openPostgresLog,
  openPostgresStore,
  type PostgresStore,
} from "@eventchain/store";
import { openFileGuard, type SealDeps, sealBatch } from "@eventchain/workers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { appendSome, asAdministrator, createLedger, signerFor } from "../support/ledger-workers.ts";

let database: TestDatabase;
let folder: string;
let store: PostgresStore;
let log: LogStore;
let ledger: LedgerRecord;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), "eventchain-guard-"));
  store = openPostgresStore({ pool: database.pool });
  log = openPostgresLog(database.pool);
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  ledger = await createLedger(store);
});

describe("an event that was changed between append and seal", () => {
  const changes: Record<string, string> = {
    data: `update eventchain.events set data = '{"title":"Scanner"}' where ledger_id = $1 and position = 4`,
    metadata: `update eventchain.events set metadata = '{"actor":"eve"}' where ledger_id = $1 and position = 4`,
    "data and its hash": `update eventchain.events set data = '{}', data_hash = sha256('\\x44' || salt || '{}') where ledger_id = $1 and position = 4`,
    time: "update eventchain.events set recorded_at = recorded_at + interval '1 s' where ledger_id = $1 and position = 4",
    type: "update eventchain.events set type = 'Other' where ledger_id = $1 and position = 4",
    tags: "update eventchain.events set tags = '{x}' where ledger_id = $1 and position = 4",
    salt: "update eventchain.events set salt = null where ledger_id = $1 and position = 4",
    deletion: "delete from eventchain.events where ledger_id = $1 and position = 4",
  };

  it.each(Object.keys(changes))("%s: stops the log there, with an alarm", async (what) => {
    const guard = openFileGuard(folder);
    const deps: SealDeps = { log, guard, signerFor };
    await appendSome(store, ledger.ledgerId, 6);
    await asAdministrator(database.pool, ledger.ledgerId, changes[what] as string);
    expect(await sealBatch(deps, ledger)).toMatchObject({ kind: "sealed", size: 3n, more: true });
    await expect(sealBatch(deps, ledger)).rejects.toMatchObject({ code: "tampered" });
    await expect(sealBatch(deps, ledger)).rejects.toMatchObject({ code: "tampered" });
    expect(await log.alarms(ledger.ledgerId)).toMatchObject([{ code: "tampered" }]);
    expect((await store.watermarks(ledger.ledgerId)).sealedSize).toBe(3n);
  });

  it("erased by the rules is no tampering", async () => {
    const deps: SealDeps = { log, guard: openFileGuard(folder), signerFor };
    await appendSome(store, ledger.ledgerId, 6);
    await asAdministrator(
      database.pool,
      ledger.ledgerId,
      "update eventchain.events set data = null, salt = null where ledger_id = $1 and position = 4",
    );
    expect(await sealBatch(deps, ledger)).toMatchObject({ kind: "sealed", size: 6n });
  });
});

describe("a log that was changed behind the sealer", () => {
  const changes: Record<string, string> = {
    tile: "update eventchain.log_tiles set hashes = overlay(hashes placing '\\x00' from 1 for 1) where ledger_id = $1",
    "missing tile": "delete from eventchain.log_tiles where ledger_id = $1",
    "longer tile": "update eventchain.log_tiles set hashes = hashes || sha256('x') where ledger_id = $1",
    "checkpoint's root": "update eventchain.checkpoints set root = sha256('x') where ledger_id = $1",
    "checkpoint's note": "update eventchain.checkpoints set note = 'x' where ledger_id = $1",
    "missing checkpoint": "delete from eventchain.checkpoints where ledger_id = $1",
    watermark: "update eventchain.watermarks set sealed_size = 2 where ledger_id = $1",
    "last sealed event": "update eventchain.events set hash = sha256('x') where ledger_id = $1 and position = 3",
    "all sealed events": "delete from eventchain.events where ledger_id = $1",
    genesis: `update eventchain.ledgers set genesis = '{}' where ledger_id = $1`,
  };

  it.each(Object.keys(changes))("%s: refuses to go on", async (what) => {
    const deps: SealDeps = { log, guard: openFileGuard(folder), signerFor };
    await appendSome(store, ledger.ledgerId, 3);
    await sealBatch(deps, ledger);
    await appendSome(store, ledger.ledgerId, 1);
    await asAdministrator(database.pool, ledger.ledgerId, changes[what] as string);
    expect(await log.dueToSeal()).toContain(ledger.ledgerId);
    await expect(sealBatch(deps, ledger)).rejects.toMatchObject({ code: "tampered" });
    expect(await log.alarms(ledger.ledgerId)).toMatchObject([{ code: "tampered" }]);
  });
});
