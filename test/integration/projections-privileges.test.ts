import { connect, defineProjection, type Ledger, projectOnce } from "@eventchain/ledger";
import { type InlineBuild, openPostgresProjections, openPostgresStore } from "@eventchain/store";
import { newEvent } from "@eventchain/store/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";
import { Added, openProjecting, type Projecting, settle } from "../support/projecting.ts";

const suffix = `${process.pid}_${performance.timeOrigin.toFixed(0)}`;
const roles = ["writer", "reader", "handler"] as const;
type Role = (typeof roles)[number];
const loginOf = (role: Role): string => `eventchain_projecting_${role}_${suffix}`;

const SCHEMA = "create table seen (position bigint primary key, n int not null)";
const handle = defineProjection("seen", { mode: "inline", schema: SCHEMA });
const inline = handle.on(Added, ({ position, data }, db) =>
  db.query("insert into seen values ($1, $2)", [position, data.n]),
);
const count = defineProjection("count", { schema: "create table counted (n int not null)" }).on(Added, ({ data }, db) =>
  db.query("insert into counted values ($1)", [data.n]),
);

let database: TestDatabase;
let on: Projecting;
const pools = new Map<Role, pg.Pool>();
const connections: { close(): Promise<void> }[] = [];

function poolOf(role: Role): pg.Pool {
  const pool = pools.get(role);
  if (pool === undefined) throw new Error(`no pool for ${role}`);
  return pool;
}

/** The ledger as a login of a role has it. */
async function ledgerOf(role: Role): Promise<Ledger> {
  const connection = await connect({ database: poolOf(role) });
  connections.push(connection);
  return connection.ledger(on.ledger.origin, { projections: [inline, count] });
}

beforeAll(async () => {
  database = await createTestDatabase();
  on = await openProjecting(database);
  for (const role of roles) {
    await onServer(`create role ${loginOf(role)} login password 'test' in role eventchain_${role}`);
    const connectionString = urlOf(new URL(database.url).pathname.slice(1), loginOf(role), "test");
    pools.set(role, new pg.Pool({ connectionString, max: 4 }));
  }
  await on.add(1);
});
afterAll(async () => {
  for (const connection of connections) await connection.close();
  await on.close();
  for (const pool of pools.values()) await pool.end();
  await database.drop();
  for (const role of roles) await onServer(`drop role if exists ${loginOf(role)}`);
});

describe("a login of the role", () => {
  test("eventchain_handler keeps projections: builds, batches, swaps, retries", async () => {
    const projections = openPostgresProjections(poolOf("handler"));
    const deps = { ledgerId: on.ledgerId, projections };
    for (const projection of [inline, count]) await settle(deps, projection);
    await on.add(1);
    for (const projection of [inline, count]) await settle(deps, projection);
    expect(await projections.retry(on.ledgerId, "count")).toBe(0n);
    expect(await on.ledger.projections()).toMatchObject([
      { name: "count", state: "live", position: 2n },
      { name: "seen", state: "live", position: 2n },
    ]);
    const next = defineProjection("count", { version: 2, schema: "create table counted (m int)" }).on(
      Added,
      () => undefined,
    );
    await settle(deps, next);
    expect(await on.ledger.projections()).toMatchObject([{ name: "count", version: 2 }, {}]);
  });

  test("eventchain_writer runs inline projections with its appends, and sees others at a point", async () => {
    const ledger = await ledgerOf("writer");
    const receipt = await ledger.append("s", Added({ n: 7 }));
    await receipt.projected("seen");
    expect(await ledger.readProjections("select n from seen order by position desc limit 1")).toEqual([{ n: 7 }]);
    const read = await ledger.projectionAt(count, { position: 2n }, (db) => db.query("select count(*) from counted"));
    expect(read).toEqual([{ count: 2n }]);
  });

  test("eventchain_writer keeps no others: it may not make a build, or say that one stops", async () => {
    const projections = openPostgresProjections(poolOf("writer"));
    const { headPosition } = await projections.list(on.ledgerId);
    const other = defineProjection("other", { schema: SCHEMA }).on(Added, () => undefined);
    await expect(
      projectOnce({ ledgerId: on.ledgerId, projections }, other, undefined, headPosition),
    ).rejects.toMatchObject({ code: "database-refused" });
    await expect(projections.retry(on.ledgerId, "seen")).rejects.toMatchObject({ code: "database-refused" });
  });

  describe("eventchain_writer moves no build by itself", () => {
    /** The live builds, as they stand. */
    const builds = async (): Promise<Record<string, InlineBuild>> => {
      const { projections } = await on.projections.list(on.ledgerId);
      return Object.fromEntries(projections.map(({ name, live }) => [name, { name, ...live } as InlineBuild]));
    };
    /** Appends as a writer, and moves a build with it, by SQL of its own. */
    const appendAndMove = (build: InlineBuild, to: (last: bigint) => bigint) =>
      openPostgresStore({ pool: poolOf("writer") }).append(
        on.ledgerId,
        [{ events: [newEvent()], expected: [] }],
        ({ last, move }) => move(build, to(last)),
      );
    const refused = { code: "database-failed", values: { sqlState: "22023" } };

    test("not by the table's columns", async () => {
      const pool = poolOf("writer");
      for (const change of ["position = 9", "hash = sha256('x')", "mode = 'inline'"])
        await expect(pool.query(`update eventchain.projection_builds set ${change}`)).rejects.toMatchObject({
          code: "42501",
        });
    });

    test("not an inline one, without an append", async () => {
      const { events } = await on.ledger.append("s", { type: "Other", data: {} });
      const { seen } = await builds();
      const values = [on.ledgerId, seen?.buildId, seen?.position, events[0]?.position];
      const move = "select eventchain.move_inline_build($1, $2, $3, $4)";
      await expect(poolOf("writer").query(move, values)).rejects.toMatchObject({ code: "22023" });
    });

    test.each<[string, (all: Record<string, InlineBuild>) => InlineBuild | undefined, (last: bigint) => bigint]>([
      ["one that is not inline", ({ count: build }) => build, (last) => last],
      ["one past what the append took", ({ seen }) => seen, (last) => last + 1n],
      ["one to where another append ended", ({ seen }) => seen, (last) => last - 1n],
      ["one that stands elsewhere", ({ seen }) => seen && { ...seen, position: seen.position - 1n }, (last) => last],
      ["one backwards", ({ seen }) => seen && { ...seen, position: 1n }, () => 1n],
    ])("not %s, with an append, which is refused", async (_, pick, to) => {
      const before = await builds();
      const build = pick(before);
      if (build === undefined) throw new Error("both are live");
      const size = await on.ledger.count();
      await expect(appendAndMove(build, to)).rejects.toMatchObject(refused);
      expect(await builds()).toEqual(before);
      expect(await on.ledger.count()).toBe(size);
    });

    test("not one that stands at an event that is not in the history any more", async () => {
      const { seen } = await builds();
      if (seen === undefined) throw new Error("it is live");
      const spoil = "update eventchain.projection_builds set hash = $1 where build_id = $2 returning hash";
      const old = await database.pool.query("select hash from eventchain.projection_builds where build_id = $1", [
        seen.buildId,
      ]);
      await database.pool.query(spoil, [Buffer.alloc(32), seen.buildId]);
      await expect(appendAndMove(seen, (last) => last)).rejects.toMatchObject(refused);
      await database.pool.query(spoil, [old.rows[0].hash, seen.buildId]);
    });
  });

  test("eventchain_reader reads what is live, as does any report of its own, and changes nothing", async () => {
    const ledger = await ledgerOf("reader");
    expect(await ledger.readProjections("select count(*) from seen")).toEqual([{ count: 3n }]);
    expect(await ledger.projections()).toHaveLength(2);
    const views = `ledger_${on.ledgerId}`;
    const reader = poolOf("reader");
    await expect(reader.query(`select * from ${views}.seen`)).resolves.toMatchObject({ rowCount: 3 });
    await expect(reader.query(`delete from ${views}.seen`)).rejects.toMatchObject({ code: "42501" });
    await expect(reader.query("set role eventchain_projector")).rejects.toMatchObject({ code: "42501" });
    await expect(reader.query("select eventchain.make_projection_schema('ledger_1_build_99')")).rejects.toMatchObject({
      code: "42501",
    });
  });
});

test.each(["public", "eventchain", "ledger_1_build_x", "ledger_1_build_1; drop"])(
  "no schema called %j can be asked for",
  async (name) => {
    await expect(database.pool.query("select eventchain.make_projection_schema($1)", [name])).rejects.toMatchObject({
      code: "22023",
    });
  },
);
