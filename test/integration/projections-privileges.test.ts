import { connect, defineProjection, type Ledger, projectOnce } from "@eventchain/ledger";
import { openPostgresProjections } from "@eventchain/store";
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
