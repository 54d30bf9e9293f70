import { cancelReplay, defineProjection, type Projection, replayProjection } from "@eventchain/ledger";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const SCHEMA = "create table sums (n bigint not null, total bigint not null); insert into sums values (0, 0)";

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

/** Counts and adds up; each table of it has a name of its own. */
function sums(version: number, name = "sums", onEvent: () => void = () => undefined): Projection {
  const table = name.replaceAll("-", "_");
  return defineProjection(name, { version, schema: SCHEMA.replaceAll("sums", table) }).onBatch(
    [Added],
    async (events, db) => {
      onEvent();
      const total = events.reduce((sum, { data }) => sum + (data as { n: number }).n, 0);
      await db.query(`update ${table} set n = n + $1::bigint, total = total + $2::bigint`, [events.length, total]);
    },
  );
}

const read = (table = "sums"): Promise<unknown[]> => on.rows(`select n::int, total::int from $views.${table}`);
const buildOf = async (name = "sums") =>
  (await on.projections.list(on.ledgerId)).projections.find((each) => each.name === name);

describe("a replay", () => {
  test("builds the live version anew, and says how many events it went through", async () => {
    await on.add(30);
    await settle(on, sums(1));
    await on.rows(`update $views.sums set n = 99`);
    const before = (await buildOf())?.live?.buildId;
    const replayed = await replayProjection(on, sums(1));
    expect(replayed).toEqual({ projection: "sums", version: 1, build: expect.any(BigInt), position: 30n, events: 30n });
    expect(replayed.build).not.toBe(before);
    expect(await read()).toEqual([{ n: 30, total: 435 }]);
  });

  test("tells after each batch how far it has come", async () => {
    await on.add(20_000);
    const told: bigint[] = [];
    await replayProjection(on, sums(1), { onProgress: (position, bound) => told.push(position, bound) });
    expect(told).toEqual([8_000n, 20_000n, 16_000n, 20_000n, 20_000n, 20_000n]);
  });

  test("makes the first build too", async () => {
    await on.add(3);
    await replayProjection(on, sums(1));
    expect(await read()).toEqual([{ n: 3, total: 3 }]);
  });

  test("swaps an older version in, where that is the one that is asked for", async () => {
    await on.add(3);
    await settle(on, sums(2));
    await replayProjection(on, sums(1), { older: true });
    expect(await buildsOf(on, "sums")).toMatchObject({ live: "1@3" });
  });

  test("of a projection whose replay is on its way waits for it, and tells the same", async () => {
    await on.add(24_000);
    await settle(on, sums(1));
    const [one, other] = await Promise.all([replayProjection(on, sums(1)), replayProjection(on, sums(1))]);
    expect(other.build).toBe(one.build);
    expect(await read()).toEqual([{ n: 24_000, total: 287_988_000 }]);
  });

  test("goes on beside those of other projections", async () => {
    await on.add(50);
    const names = ["a", "b", "c", "d"];
    await Promise.all(names.map((name) => replayProjection(on, sums(1, name))));
    for (const name of names) expect(await read(name)).toEqual([{ n: 50, total: 1225 }]);
  });
});

describe("a replay that was interrupted", () => {
  const interrupted = async (): Promise<bigint> => {
    await on.add(16_000);
    await settle(on, sums(1));
    const stop = new AbortController();
    const replay = replayProjection(
      on,
      sums(1, "sums", () => stop.abort()),
      { signal: stop.signal },
    );
    await expect(replay).rejects.toMatchObject({ code: "aborted" });
    const left = (await buildOf())?.building;
    expect(left?.position).toBe(8_000n);
    return left?.buildId ?? -1n;
  };

  test("is gone on with by the next one, from where it stood", async () => {
    const left = await interrupted();
    expect(await replayProjection(on, sums(1))).toMatchObject({ build: left, events: 8_000n });
    expect(await read()).toEqual([{ n: 16_000, total: 127_992_000 }]);
  });

  test("is finished by the workers", async () => {
    const left = await interrupted();
    await settle(on, sums(1));
    expect((await buildOf())?.live?.buildId).toBe(left);
  });

  test("begins at the first event with `clean`", async () => {
    const left = await interrupted();
    const replayed = await replayProjection(on, sums(1), { clean: true });
    expect(replayed.events).toBe(16_000n);
    expect(replayed.build).not.toBe(left);
    expect(await on.rows(`select to_regnamespace('$views_build_${left}') as gone`)).toEqual([{ gone: null }]);
  });

  test("is begun anew by itself where the definition is another one by now", async () => {
    const left = await interrupted();
    const other = defineProjection("sums", { schema: SCHEMA.replace("total bigint", "total numeric") }).on(
      Added,
      () => undefined,
    );
    expect((await replayProjection(on, other)).build).not.toBe(left);
  });

  test("is dropped by a cancel, and the live one stays", async () => {
    await interrupted();
    expect(await cancelReplay(on, "sums")).toBe(true);
    expect(await buildsOf(on, "sums")).toEqual({ live: "1@16000", building: undefined, reason: null });
    expect(await cancelReplay(on, "sums")).toBe(false);
  });
});

describe("a replay is refused", () => {
  test("where a later version is live, and nobody asks for the older one", async () => {
    await on.add(2);
    await settle(on, sums(2));
    await expect(replayProjection(on, sums(1))).rejects.toMatchObject({
      code: "conflict",
      values: { version: 1, live: 2 },
    });
    expect(await buildsOf(on, "sums")).toMatchObject({ live: "2@2", building: undefined });
  });

  test("where a newer version is on its way, unless that is to be dropped", async () => {
    await on.add(2);
    await on.projections.createBuild(on.ledgerId, {
      name: "sums",
      version: 2,
      mode: "async",
      schema: SCHEMA,
      describe: undefined,
    });
    await expect(replayProjection(on, sums(1))).rejects.toMatchObject({ code: "conflict", values: { building: 2 } });
    await replayProjection(on, sums(1), { clean: true });
    expect(await buildsOf(on, "sums")).toMatchObject({ live: "1@2", building: undefined });
  });

  test("where the projection is switched off", async () => {
    await settle(on, sums(1));
    await on.ledger.switchHandler("sums", false, { by: "ada", anyName: true });
    await expect(replayProjection(on, sums(1))).rejects.toMatchObject({ code: "projection-stopped" });
  });
});

test("a replay that stops says why, leaves the live one, and goes on once the cause is gone", async () => {
  await on.add(5);
  await settle(on, sums(1));
  let isBroken = true;
  const broken = sums(1, "sums", () => {
    if (isBroken) throw new Error("out of order");
  });
  await expect(replayProjection(on, broken)).rejects.toMatchObject({
    code: "projection-stopped",
    values: { reason: expect.stringContaining("out of order") },
  });
  expect(await buildsOf(on, "sums")).toMatchObject({ live: "1@5", building: "1@0" });
  isBroken = false;
  await replayProjection(on, broken);
  expect(await read()).toEqual([{ n: 5, total: 10 }]);
});
