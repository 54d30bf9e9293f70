import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { equalBytes, leafHash, openNote, parseCheckpoint, rootOf } from "@eventchain/core";
import {
  type LedgerRecord,
  type LogStore,
  openPostgresLog,
  openPostgresStore,
  type PostgresStore,
} from "@eventchain/store";
import { type Guard, openFileGuard, openPostgresGuard, type SealDeps, sealBatch } from "@eventchain/workers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from "../support/database.ts";
import {
  appendSome,
  asAdministrator,
  createLedger,
  type Fault,
  type FaultMode,
  failing,
  faultModes,
  InjectedFault,
  signerFor,
} from "../support/ledger-workers.ts";

let database: TestDatabase;
let guardDatabase: TestDatabase;
let folder: string;
let store: PostgresStore;
let log: LogStore;
let ledger: LedgerRecord;

beforeAll(async () => {
  database = await createTestDatabase();
  guardDatabase = await createEmptyDatabase();
  folder = await mkdtemp(join(tmpdir(), "eventchain-guard-"));
  store = openPostgresStore({ pool: database.pool });
  log = openPostgresLog(database.pool);
});
afterAll(async () => {
  await database?.drop();
  await guardDatabase?.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  ledger = await createLedger(store);
});

const guards: Record<string, () => Guard> = {
  "a file guard": () => openFileGuard(folder),
  "a Postgres guard": () => openPostgresGuard(guardDatabase.url),
};

/** Every checkpoint's root, recomputed from the event hashes alone. */
async function expectSoundLog(ledgerId: bigint, size: bigint): Promise<void> {
  const leaves: Uint8Array[] = [];
  for await (const event of store.readAll(ledgerId)) leaves.push(leafHash(event.hash));
  const { rows } = await database.pool.query<{ size: string; root: Buffer; note: string }>(
    "select c.size::text, c.root, c.note from eventchain.checkpoints c where c.ledger_id = $1 order by c.size",
    [ledgerId],
  );
  for (const row of rows) {
    const root = rootOf(leaves.slice(0, Number(row.size)));
    expect(equalBytes(root, row.root)).toBe(true);
    const note = openNote(row.note, [signerFor(ledger.origin).vkey]);
    expect(parseCheckpoint(note.text)).toEqual({ origin: ledger.origin, size: BigInt(row.size), root });
  }
  expect(rows.at(-1)?.size ?? "0").toBe(size.toString());
  expect((await store.watermarks(ledgerId)).sealedSize).toBe(size);
}

async function sealAll(deps: SealDeps): Promise<void> {
  for (;;) {
    const result = await sealBatch(deps, { ledgerId: ledger.ledgerId });
    if (result.kind !== "sealed") return;
  }
}

const steps = ["saveTiles", "saveCheckpoint", "moveSealedSize", "commit", "guard"] as const;

function faultyDeps(guard: Guard, step: (typeof steps)[number], mode: FaultMode, fault: Fault): SealDeps {
  if (step === "guard") return { log, guard: failing(guard, "write", mode, fault), signerFor };
  if (step === "commit") {
    const seal: LogStore["seal"] = async (ledgerId, work) => {
      const result = await log.seal(ledgerId, async (transaction) => {
        const done = await work(transaction);
        fault.fired = true;
        if (mode === "before") throw new InjectedFault("the commit failed");
        return done;
      });
      if (mode === "after") throw new InjectedFault("the commit was not reported");
      return result;
    };
    return { log: { ...log, seal }, guard, signerFor };
  }
  const seal: LogStore["seal"] = (ledgerId, work) =>
    log.seal(ledgerId, (transaction) => work(failing(transaction, step, mode, fault)));
  return { log: { ...log, seal }, guard, signerFor };
}

describe.each(Object.keys(guards))("sealing with %s", (kind) => {
  let guard: Guard;
  beforeAll(() => {
    guard = (guards[kind] as () => Guard)();
  });
  afterAll(() => guard.close());

  describe.each(steps)("when %s", (step) => {
    it.each(faultModes)("fails %s it is stored, a restart goes on", async (mode) => {
      const sound: SealDeps = { log, guard, signerFor };
      await appendSome(store, ledger.ledgerId, 300);
      await sealAll(sound);
      await appendSome(store, ledger.ledgerId, 3);
      const fault: Fault = { fired: false };
      await expect(
        sealBatch(faultyDeps(guard, step, mode, fault), { ledgerId: ledger.ledgerId }),
      ).rejects.toBeInstanceOf(InjectedFault);
      expect(fault.fired).toBe(true);
      // What was appended before the restart must not change the head that the guard has.
      await appendSome(store, ledger.ledgerId, 260);
      await sealAll(sound);
      await expectSoundLog(ledger.ledgerId, 563n);
      expect(await log.alarms(ledger.ledgerId)).toEqual([]);
    });

    it.each(faultModes)("fails %s the very first head is stored, a restart goes on", async (mode) => {
      await appendSome(store, ledger.ledgerId, 2);
      const fault: Fault = { fired: false };
      await expect(
        sealBatch(faultyDeps(guard, step, mode, fault), { ledgerId: ledger.ledgerId }),
      ).rejects.toBeInstanceOf(InjectedFault);
      await appendSome(store, ledger.ledgerId, 1);
      await sealAll({ log, guard, signerFor });
      await expectSoundLog(ledger.ledgerId, 3n);
    });
  });

  it("halts the ledger of a restored backup, and appends with it", async () => {
    const deps: SealDeps = { log, guard, signerFor };
    await appendSome(store, ledger.ledgerId, 5);
    await sealAll(deps);
    await appendSome(store, ledger.ledgerId, 5);
    await sealAll(deps);
    await cutBack(5n);
    await appendSome(store, ledger.ledgerId, 5);
    await expect(sealBatch(deps, { ledgerId: ledger.ledgerId })).rejects.toMatchObject({ code: "guard-mismatch" });
    expect(await log.alarms(ledger.ledgerId)).toMatchObject([{ code: "guard-mismatch" }]);
    await expect(appendSome(store, ledger.ledgerId, 1)).rejects.toThrow("ledger-halted");
    expect(await sealBatch(deps, { ledgerId: ledger.ledgerId })).toMatchObject({ kind: "halted" });
    expect(await log.dueToSeal()).not.toContain(ledger.ledgerId);
  });

  it("goes on after a restore that lost only what nobody has changed since", async () => {
    const deps: SealDeps = { log, guard, signerFor };
    await appendSome(store, ledger.ledgerId, 5);
    await sealAll(deps);
    await appendSome(store, ledger.ledgerId, 5);
    await sealAll(deps);
    // The seal of 6 … 10 is lost, its events are not.
    await asAdministrator(
      database.pool,
      ledger.ledgerId,
      "delete from eventchain.checkpoints where ledger_id = $1 and size = 10",
      "update eventchain.watermarks set sealed_size = 5 where ledger_id = $1",
      "update eventchain.log_tiles set hashes = substr(hashes, 1, 5 * 32) where ledger_id = $1",
    );
    await appendSome(store, ledger.ledgerId, 1);
    await sealAll(deps);
    await expectSoundLog(ledger.ledgerId, 11n);
  });

  it("stops, but does not halt, when the guard has lost its entry", async () => {
    await appendSome(store, ledger.ledgerId, 5);
    await sealAll({ log, guard, signerFor });
    const forgetful: Guard = { ...guard, read: () => Promise.resolve(undefined) };
    await appendSome(store, ledger.ledgerId, 1);
    await expect(sealBatch({ log, guard: forgetful, signerFor }, ledger)).rejects.toMatchObject({
      code: "guard-mismatch",
    });
    expect(await log.alarms(ledger.ledgerId)).toMatchObject([{ code: "guard-missing" }]);
    await appendSome(store, ledger.ledgerId, 1);
    await sealAll({ log, guard, signerFor });
    await expectSoundLog(ledger.ledgerId, 7n);
  });

  it("halts when the guard is behind, or another head of the same size was signed", async () => {
    await appendSome(store, ledger.ledgerId, 3);
    await sealAll({ log, guard, signerFor });
    const other = await createLedger(store);
    await appendSome(store, other.ledgerId, 3);
    const head = { size: 3n, root: new Uint8Array(32).fill(1) };
    const lying: Guard = { ...guard, read: () => Promise.resolve(head) };
    await expect(sealBatch({ log, guard: lying, signerFor }, ledger)).rejects.toMatchObject({ code: "guard-mismatch" });
    await expect(sealBatch({ log, guard: lying, signerFor }, other)).rejects.toMatchObject({ code: "guard-mismatch" });
    expect((await store.findLedger(ledger.origin))?.state).toBe("halted");
    expect((await store.findLedger(other.origin))?.state).toBe("halted");
  });
});

/** What a backup from before position `size` would bring back. */
async function cutBack(size: bigint): Promise<void> {
  await asAdministrator(
    database.pool,
    ledger.ledgerId,
    `delete from eventchain.events where ledger_id = $1 and position > ${size}`,
    `delete from eventchain.event_tags where ledger_id = $1 and position > ${size}`,
    `delete from eventchain.checkpoints where ledger_id = $1 and size > ${size}`,
    `update eventchain.watermarks set sealed_size = ${size} where ledger_id = $1`,
    `update eventchain.log_tiles set hashes = substr(hashes, 1, ${size} * 32) where ledger_id = $1`,
  );
}
