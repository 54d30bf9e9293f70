import { setTimeout as sleep } from "node:timers/promises";
import { defineProjection, type Projection } from "@eventchain/ledger";
import type { ProjectionStore } from "@eventchain/store";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { type Fault, type FaultMode, failing, faultModes, InjectedFault } from "../support/ledger-workers.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const SCHEMA = "create table seen (position bigint not null, n int check (n <> 13))";

/** Without a key: an event that is applied twice stands there twice. */
function makeSeen(onError: "stop" | "dead-letter" = "stop"): Projection {
  return defineProjection("seen", { schema: SCHEMA, onError }).on(Added, ({ position, data }, db) =>
    db.query("insert into seen values ($1, $2)", [position, data.n]),
  );
}

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

async function add(...list: number[]): Promise<void> {
  for (const n of list) await on.ledger.append("s", Added({ n }));
}

const numbers = async (): Promise<number[]> =>
  (await on.ledger.readProjections<{ n: number }>("select n from seen order by position")).map(({ n }) => n);

/** A process that works until the fault, and dies of it; another one goes on. */
async function dieAndGoOn(
  projection: Projection,
  method: keyof ProjectionStore & string,
  mode: FaultMode,
  nth: number,
): Promise<void> {
  const fault: Fault = { fired: false };
  const projections = failing(on.projections, method, mode, fault, nth);
  await expect(settle({ ...on, projections }, projection)).rejects.toBeInstanceOf(InjectedFault);
  expect(fault.fired).toBe(true);
  await settle(on, projection);
}

describe.each(faultModes)("a process that dies %s the commit", (mode) => {
  test("of its build's tables leaves one build, which the next process fills", async () => {
    await add(1, 2);
    await dieAndGoOn(makeSeen(), "createBuild", mode, 1);
    expect(await numbers()).toEqual([1, 2]);
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@2", building: undefined });
  });

  // The first transaction of an empty build is its batch, the second its swap; of a live one each is a batch.
  test("of its first batch loses no event and doubles none", async () => {
    await add(1, 2, 3);
    await dieAndGoOn(makeSeen(), "transact", mode, 1);
    expect(await numbers()).toEqual([1, 2, 3]);
  });

  test("of its swap is swapped in once", async () => {
    await add(1, 2, 3);
    await dieAndGoOn(makeSeen(), "transact", mode, 2);
    expect(await numbers()).toEqual([1, 2, 3]);
    expect(await buildsOf(on, "seen")).toMatchObject({ live: "1@3", building: undefined });
  });

  test("of a live batch loses no event and doubles none", async () => {
    await add(1);
    await settle(on, makeSeen());
    await add(2, 3);
    await dieAndGoOn(makeSeen(), "transact", mode, 1);
    expect(await numbers()).toEqual([1, 2, 3]);
  });

  // Of 1, 13, 3: the whole batch fails; 1; 13 and 3 fail, at 13; 13 is put aside; 3. What fails has no commit to come after.
  test.each(mode === "before" ? [1, 2, 3, 4, 5] : [2, 4, 5])(
    "number %i of a batch with a bad event puts it aside once",
    async (nth) => {
      await settle(on, makeSeen("dead-letter"));
      await add(1, 13, 3);
      await dieAndGoOn(makeSeen("dead-letter"), "transact", mode, nth);
      expect(await numbers()).toEqual([1, 3]);
      expect(await on.ledger.projectionDeadLetters("seen")).toMatchObject([{ position: 2n }]);
    },
  );

  test("of its stop is stopped with the reason, at the same event", async () => {
    await settle(on, makeSeen());
    await add(1, 13, 3);
    await dieAndGoOn(makeSeen(), "transact", mode, 4);
    expect(await numbers()).toEqual([1]);
    expect(await on.ledger.projections()).toMatchObject([{ state: "stopped", position: 1n }]);
  });

  test("of a retry is as if it had asked once", async () => {
    await settle(on, makeSeen());
    await add(13);
    await settle(on, makeSeen());
    const projections = failing(on.projections, "retry", mode, { fired: false });
    await expect(projections.retry(on.ledgerId, "seen")).rejects.toBeInstanceOf(InjectedFault);
    await on.projections.retry(on.ledgerId, "seen");
    expect(await on.ledger.projections()).toMatchObject([{ state: "live", reason: null }]);
  });
});

test.each(["stop", "dead-letter"] as const)("no password that an error tells is kept (%s)", async (onError) => {
  const telling = defineProjection("seen", { schema: SCHEMA, onError }).on(Added, () => {
    throw new Error("connect postgres://app:hunter2@db/app failed");
  });
  await settle(on, telling);
  await add(1);
  await settle(on, telling);
  const [status] = await on.ledger.projections();
  const [letter] = await on.ledger.projectionDeadLetters("seen");
  expect(status?.reason ?? letter?.error).toMatch(/connect postgres:\/\/app:\*\*\*@db\/app failed/);
});

test("a connection that is cut inside of a batch leaves nothing of it, and is no fault of the handler", async () => {
  await settle(on, makeSeen());
  await add(1, 2, 3);
  let cut = false;
  const cutting = defineProjection("seen", { schema: SCHEMA }).on(Added, async ({ position, data }, db) => {
    await db.query("insert into seen values ($1, $2)", [position, data.n]);
    if (data.n !== 2 || cut) return;
    cut = true;
    const [{ pid } = { pid: 0 }] = await db.query<{ pid: number }>("select pg_backend_pid() as pid");
    await database.pool.query("select pg_terminate_backend($1)", [pid]);
    await sleep(20);
  });
  await expect(settle(on, cutting)).rejects.toMatchObject({ code: "database-unavailable" });
  expect(await on.ledger.projections()).toMatchObject([{ state: "live", position: 0n, reason: null }]);
  await settle(on, cutting);
  expect(await numbers()).toEqual([1, 2, 3]);
});

test("a deadlock is no fault of the handler: its batch is made again", async () => {
  await settle(on, makeSeen());
  await add(1);
  let once = true;
  const unlucky = defineProjection("seen", { schema: SCHEMA }).on(Added, async ({ position, data }, db) => {
    if (once) await db.query("do $$ begin raise exception 'unlucky' using errcode = 'deadlock_detected'; end $$");
    await db.query("insert into seen values ($1, $2)", [position, data.n]);
  });
  await expect(settle(on, unlucky)).rejects.toMatchObject({ code: "database-failed", retryable: true });
  once = false;
  await settle(on, unlucky);
  expect(await numbers()).toEqual([1]);
});

test("of two that work on one build at once, one is told that it is busy", async () => {
  await settle(on, makeSeen());
  await add(1, 2, 3);
  const reports = await Promise.all([settle(on, makeSeen()), settle(on, makeSeen()), settle(on, makeSeen())]);
  await settle(on, makeSeen());
  expect(await numbers()).toEqual([1, 2, 3]);
  expect(reports.every(({ reason }) => reason === undefined)).toBe(true);
});
