// A reader that stays in a transaction puts a swap, or a drop, off, and hinders nobody else.
import { setTimeout as pause } from "node:timers/promises";
import { defineProjection, type Projection, replayProjection } from "@eventchain/ledger";
import { runHandlers } from "@eventchain/workers";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle, settleAll } from "../support/projecting.ts";

type Mode = "inline" | "async";
const MODES: readonly Mode[] = ["inline", "async"];

function numbers(version: number, mode: Mode): Projection {
  const schema = `create table numbers (n int not null, of_version int not null default ${version})`;
  return defineProjection("numbers", { version, mode, schema }).on(Added, async ({ data }, db) => {
    await db.query("insert into numbers (n) values ($1)", [data.n]);
  });
}

let database: TestDatabase;
let on: Projecting;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A connection with an open transaction, which is closed however the test ends. */
async function hold(text: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`begin; ${text}`);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

const read = (): Promise<unknown[]> => on.rows("select count(*)::int as n, max(of_version) as of from $views.numbers");

async function status(): Promise<Awaited<ReturnType<Projecting["ledger"]["projections"]>>[number]> {
  const [found] = await on.ledger.projections();
  if (found === undefined) throw new Error("there is no projection");
  return found;
}

async function schemaOf(): Promise<string> {
  const [record] = (await on.projections.list(on.ledgerId)).projections;
  return record?.live?.schemaName ?? "";
}

/** What comes of work while rounds for the new version go on, which is told to try at once each time. */
async function whileTried(projection: Projection, work: () => Promise<void>): Promise<void> {
  let isOver = false;
  const rounds = (async () => {
    while (!isOver) {
      await on.rows(`update eventchain.projection_builds set try_at = null where ledger_id = ${on.ledgerId}`);
      await settle(on, projection);
      await pause(20);
    }
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await rounds;
  }
}

describe.each(MODES)("over an %s projection", (mode) => {
  beforeEach(async () => {
    on = await openProjecting(database, [numbers(1, mode)]);
    await settle(on, numbers(1, mode));
    await on.add(5);
    await settle(on, numbers(1, mode));
    return () => on.close();
  });

  test("a reader of the view puts the swap off; others read and append while it is there", async () => {
    await using reader = await hold(`select from ledger_${on.ledgerId}.numbers`);
    await whileTried(numbers(2, mode), async () => {
      for (let count = 6; count <= 25; count += 1) {
        await on.add(1);
        expect(await on.rows("select max(of_version) as of from $views.numbers")).toEqual([{ of: 1 }]);
      }
    });
    expect((await status()).building).toMatchObject({
      version: 2,
      reason: `its swap is put off: somebody reads ledger_${on.ledgerId}.numbers, in a transaction that is still open`,
    });
    await reader.query("commit");
    await settleAll(on, numbers(2, mode));
    expect(await buildsOf(on, "numbers")).toEqual({ live: "2@25", building: undefined, reason: null });
    expect(await read()).toEqual([{ n: 25, of: 2 }]);
  });

  test("whoever holds the old build's table puts off its drop, not the swap", async () => {
    const old = await schemaOf();
    await using holder = await hold(`lock table ${old}.numbers in access share mode`);
    await settle(on, numbers(2, mode));
    expect(await read()).toEqual([{ n: 5, of: 2 }]);
    await whileTried(numbers(2, mode), async () => {
      for (let count = 6; count <= 15; count += 1) {
        await on.add(1);
        await read();
      }
    });
    expect(await status()).toMatchObject({
      version: 2,
      building: null,
      retired: [{ version: 1, reason: `somebody holds tables of ${old}, in a transaction that is still open` }],
    });
    await holder.query("commit");
    await settleAll(on, numbers(2, mode));
    expect(await status()).toMatchObject({ position: 15n, retired: [] });
    expect(await on.rows(`select to_regnamespace('${old}') as gone`)).toEqual([{ gone: null }]);
  });

  test("each try in vain is followed by a longer pause, in which nobody tries", async () => {
    await using _reader = await hold(`select from ledger_${on.ledgerId}.numbers`);
    const waits: number[] = [];
    for (let tries = 0; tries < 9; tries += 1) {
      const [row] = await on.rows(
        `update eventchain.projection_builds set try_at = null where state = 'building' and ledger_id = ${on.ledgerId}
         returning tries`,
      );
      expect(row).toEqual(tries === 0 ? undefined : { tries });
      const { putOffMs } = await settle(on, numbers(2, mode));
      waits.push(putOffMs ?? 0);
      // At once again: not before it is due.
      await settle(on, numbers(2, mode));
    }
    const most = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    expect(waits.every((wait, index) => wait > 0 && wait <= (most[index] ?? 0))).toBe(true);
    expect(waits.at(-1)).toBeGreaterThan(16_000);
  });

  test("a build that is retired is in the way neither of the next version nor of a replay", async () => {
    await using holder = await hold(`lock table ${await schemaOf()}.numbers in access share mode`);
    await settle(on, numbers(2, mode));
    await using second = await hold(`lock table ${await schemaOf()}.numbers in access share mode`);
    await settle(on, numbers(3, mode));
    await replayProjection(on, numbers(3, mode), { clean: true });
    expect(await status()).toMatchObject({ version: 3, building: null, retired: [{ version: 1 }, { version: 2 }] });
    expect(await on.ledger.retryProjection("numbers")).toBe(false);
    await holder.query("commit");
    await second.query("commit");
    await settleAll(on, numbers(3, mode));
    expect((await status()).retired).toEqual([]);
  });
});

test("a view of somebody's on a retired build's table keeps it, by name, until it is gone", async () => {
  on = await openProjecting(database);
  await settle(on, numbers(1, "async"));
  const old = await schemaOf();
  await using holder = await hold(`lock table ${old}.numbers in access share mode`);
  await settle(on, numbers(2, "async"));
  await on.rows(`create view late_${on.ledgerId} as select n from ${old}.numbers`);
  await holder.query("commit");
  await on.rows(`update eventchain.projection_builds set try_at = null where ledger_id = ${on.ledgerId}`);
  await settle(on, numbers(2, "async"));
  expect((await status()).retired).toMatchObject([{ reason: expect.stringContaining(`late_${on.ledgerId}`) }]);
  await on.rows(`drop view late_${on.ledgerId}`);
  await settleAll(on, numbers(2, "async"));
  expect((await status()).retired).toEqual([]);
  await on.close();
});

test("a worker that has other projections drops what is retired", async () => {
  on = await openProjecting(database);
  await settle(on, numbers(1, "async"));
  const holder = await hold(`lock table ${await schemaOf()}.numbers in access share mode`);
  await settle(on, numbers(2, "async"));
  expect((await status()).retired).toHaveLength(1);
  await holder.end();
  const other = defineProjection("other", { schema: "create table other (n int)" }).on(Added, () => undefined);
  const handlers = await runHandlers({ events: [Added], projections: [other] }, { databaseUrl: database.url });
  await vi.waitFor(async () => {
    const found = (await on.ledger.projections()).find(({ name }) => name === "numbers");
    expect(found?.retired).toEqual([]);
  }, 20_000);
  await handlers.close();
  await on.close();
});
