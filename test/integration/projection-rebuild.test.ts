import { connect, defineProjection, type Projection, projectOnce, replayProjection } from "@eventchain/ledger";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { Added, buildsOf, openProjecting, type Projecting, settle, settleAll } from "../support/projecting.ts";

const SCHEMA = "create table counts (stream text primary key, n bigint not null)";

/** A row for each stream, with how many events it has; from version 2 on with their sum first. */
function counts(version: number, spec: { mode?: "inline" | "async"; level?: "appended" | "sealed" } = {}): Projection {
  const schema = version === 1 ? SCHEMA : SCHEMA.replace("(stream", "(total bigint not null default 0, stream");
  return defineProjection("counts", { version, schema, ...spec }).on(Added, async ({ stream, data }, db) => {
    const sum = version === 1 ? "" : ", total = counts.total + excluded.total";
    const [column, value] = version === 1 ? ["", ""] : [", total", ", $2::bigint"];
    await db.query(
      `insert into counts (stream, n${column}) values ($1, 1${value}) on conflict (stream) do update set n = counts.n + 1${sum}`,
      version === 1 ? [stream] : [stream, data.n],
    );
  });
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

const total = (): Promise<unknown[]> => on.rows("select sum(n)::int as n from $views.counts");

/** A connection that is closed however the test ends: nobody waits for it then. */
async function openReader(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** One round of a process that has this definition. */
async function round(projection: Projection): Promise<unknown> {
  const { projections, headPosition } = await on.projections.list(on.ledgerId);
  return projectOnce(
    on,
    projection,
    projections.find(({ name }) => name === projection.name),
    headPosition,
  );
}

describe("a new version", () => {
  test("is built beside the live one and swapped in, and the old tables go", async () => {
    await on.add(20);
    await settle(on, counts(1));
    const [before] = (await on.projections.list(on.ledgerId)).projections;
    expect(await total()).toEqual([{ n: 20 }]);
    await on.add(5);
    await settle(on, counts(2));
    expect(await buildsOf(on, "counts")).toEqual({ live: "2@25", building: undefined, reason: null });
    expect(await on.rows("select sum(n)::int as n, sum(total)::int as total from $views.counts")).toEqual([
      { n: 25, total: 300 },
    ]);
    expect(await on.rows(`select to_regnamespace('${before?.live?.schemaName}') as gone`)).toEqual([{ gone: null }]);
  });

  test("is left alone by a process of the older version, which goes on with the live one until the swap", async () => {
    await on.add(10);
    await settle(on, counts(1));
    await on.projections.createBuild(on.ledgerId, {
      name: "counts",
      version: 2,
      mode: "async",
      schema: counts(2).schema,
      describe: undefined,
    });
    await on.add(3);
    await settle(on, counts(1));
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "1@13", building: "2@0" });
    await settle(on, counts(2));
    await on.add(1);
    await settle(on, counts(1));
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "2@13", building: undefined });
  });

  test("takes the place of an older one that is on its way", async () => {
    await on.add(1);
    await on.projections.createBuild(on.ledgerId, {
      name: "counts",
      version: 1,
      mode: "async",
      schema: SCHEMA,
      describe: undefined,
    });
    await settle(on, counts(2));
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "2@1", building: undefined });
  });

  test("whose handler fails stops with its reason, and the live one goes on", async () => {
    await on.add(3);
    await settle(on, counts(1));
    const failing = defineProjection("counts", { version: 2, schema: SCHEMA }).on(Added, ({ data }) => {
      if (data.n === 1) throw new Error("no ones");
    });
    expect(await settle(on, failing)).toMatchObject({ reason: expect.stringContaining("no ones") });
    await on.add(1);
    await settle(on, counts(1));
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "1@4", building: "2@1" });
    await settle(on, counts(3));
    expect(await buildsOf(on, "counts")).toEqual({ live: "3@4", building: undefined, reason: null });
  });

  test("stops where somebody's view would be lost, names it, and is swapped in once that is gone", async () => {
    await on.add(2);
    await settle(on, counts(1));
    await on.rows("create view $views_report as select n from $views.counts");
    expect(await settle(on, counts(2))).toMatchObject({
      reason: expect.stringContaining(`ledger_${on.ledgerId}_report`),
    });
    expect(await total()).toEqual([{ n: 2 }]);
    await on.rows("drop view $views_report");
    await on.projections.retry(on.ledgerId, "counts");
    await settle(on, counts(2));
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "2@2" });
  });

  test("waits for a reader that holds the live one's tables", async () => {
    await on.add(2);
    await settle(on, counts(1));
    await using reader = await openReader(database.url);
    await reader.query(`begin; select * from ledger_${on.ledgerId}.counts`);
    expect(await settle(on, counts(2))).toMatchObject({ putOff: true, reason: undefined });
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "1@2", building: "2@2" });
    await reader.query("commit");
    await settleAll(on, counts(2));
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "2@2" });
  });

  test("is not swapped in before it is where the live one is", async () => {
    await on.add(2);
    await settle(on, counts(1));
    // Nothing is sealed.
    expect(await settle(on, counts(2, { level: "sealed" }))).toMatchObject({ putOff: true });
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "1@2", building: "2@0" });
  });

  test("replaces a live one that was forked, however far that had come", async () => {
    await on.add(9);
    await settle(on, counts(1));
    await on.rows(
      `update eventchain.projection_builds set position = 12, hash = sha256('') where ledger_id = ${on.ledgerId}`,
    );
    await settle(on, counts(2));
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "2@9" });
  });
});

test("a version that was taken back leaves the live one alone", async () => {
  await on.add(2);
  await settle(on, counts(2));
  expect(await round(counts(1))).toEqual({ more: false, putOff: false, reason: undefined });
  expect(await buildsOf(on, "counts")).toMatchObject({ live: "2@2", building: undefined });
});

describe("a definition that changed without its version", () => {
  const changed = (version: number): Projection =>
    defineProjection("counts", { version, schema: SCHEMA.replace("n bigint", "n numeric") }).on(Added, () => undefined);

  test("is said in the status, and leaves the live build as it is until a replay", async () => {
    await on.add(2);
    await settle(on, counts(1));
    await on.add(1);
    expect(await settle(on, changed(1))).toMatchObject({ reason: expect.stringContaining("another definition") });
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "1@2" });
    await using connection = await connect({ database: database.pool });
    const ledger = await connection.ledger(on.ledger.origin, { projections: [changed(1)] });
    expect(await ledger.projections()).toMatchObject([{ name: "counts", changed: true }]);
    await replayProjection(on, changed(1));
    expect(await ledger.projections()).toMatchObject([{ name: "counts", changed: false, position: 3n }]);
  });

  test("leaves a build that is on its way as it is: half of each would be neither", async () => {
    await on.add(2);
    const { name, version, schema } = counts(2);
    const definition = new Uint8Array(32);
    await on.projections.createBuild(on.ledgerId, {
      name,
      version,
      schema,
      mode: "async",
      describe: undefined,
      definition,
    });
    expect(await settle(on, counts(2))).toMatchObject({ reason: expect.stringContaining("another definition") });
    expect(await buildsOf(on, "counts")).toMatchObject({ building: "2@0" });
  });
});

describe("an inline projection's new version", () => {
  test("is swapped in at the head, and then kept by appends", async () => {
    const [one, two] = [counts(1, { mode: "inline" }), counts(2, { mode: "inline" })];
    await settle(on, one);
    await on.add(7);
    await settle(on, two);
    expect(await buildsOf(on, "counts")).toMatchObject({ live: "2@7" });
    expect(await total()).toEqual([{ n: 7 }]);
  });

  test("loses and doubles nothing while appends go on", async () => {
    await on.close();
    const two = counts(2, { mode: "inline" });
    on = await openProjecting(database, [two]);
    await settle(on, counts(1, { mode: "inline" }));
    let stopped = false;
    const appending = (async () => {
      while (!stopped) await on.add(10);
    })();
    while ((await buildsOf(on, "counts")).live?.startsWith("2") !== true) await settle(on, two);
    await on.add(10);
    stopped = true;
    await appending;
    const { position } = await on.projections
      .list(on.ledgerId)
      .then(({ headPosition }) => ({ position: headPosition }));
    await settle(on, two);
    expect(await total()).toEqual([{ n: Number(position) }]);
    expect(await buildsOf(on, "counts")).toMatchObject({ live: `2@${position}`, building: undefined });
  });
});
