import { openPostgresCheckpoints, openPostgresStore, type PostgresStore } from "@eventchain/store";
import { checkChain, createTestLedger, newEvent, type TestLedger } from "@eventchain/store/testing";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, onServer, type TestDatabase } from "../support/database.ts";

const suffix = `${process.pid}_${performance.timeOrigin.toFixed(0)}`;
const roles = ["writer", "reader", "sealer"] as const;
type Role = (typeof roles)[number];
const loginOf = (role: Role): string => `eventchain_test_${role}_${suffix}`;

let database: TestDatabase;
let owner: PostgresStore;
let ledger: TestLedger;
const pools = new Map<Role, pg.Pool>();

function poolOf(role: Role): pg.Pool {
  const pool = pools.get(role);
  if (pool === undefined) throw new Error(`no pool for ${role}`);
  return pool;
}

beforeAll(async () => {
  database = await createTestDatabase();
  owner = openPostgresStore({ pool: database.pool });
  ledger = await createTestLedger(owner);
  await owner.append(ledger.ledgerId, [{ events: [newEvent({ tags: ["t"] })], expected: [] }]);
  for (const role of roles) {
    await onServer(`create role ${loginOf(role)} login password 'test' in role eventchain_${role}`);
    const url = new URL(database.url);
    url.username = loginOf(role);
    url.password = "test";
    pools.set(role, new pg.Pool({ connectionString: url.toString(), max: 2 }));
  }
});
afterAll(async () => {
  for (const pool of pools.values()) await pool.end();
  await database.drop();
  for (const role of roles) await onServer(`drop role if exists ${loginOf(role)}`);
});

const denied = { code: "42501" };
const tables = [
  "ledgers",
  "log_keys",
  "ledger_contracts",
  "watermarks",
  "events",
  "event_tags",
  "commands",
  "log_tiles",
];
const moreTables = [
  "checkpoints",
  "anchors",
  "alarms",
  "migrations",
  "anchor_waits",
  "event_schemas",
  "snapshots",
  "handlers",
  "subscription_checkpoints",
  "reactions",
  "reaction_tasks",
];
const allTables = [...tables, ...moreTables];

describe("the writer", () => {
  test("appends and reads", async () => {
    const store = openPostgresStore({ pool: poolOf("writer") });
    const [outcome] = await store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
    expect(outcome?.outcome).toBe("recorded");
    await checkChain(store, ledger);
    expect(await store.listLedgers()).toHaveLength(1);
    expect(await store.watermarks(ledger.ledgerId)).toBeDefined();
    expect(await store.findCommand(ledger.ledgerId, "c")).toBeUndefined();
  });

  test("cannot create a ledger", async () => {
    const store = openPostgresStore({ pool: poolOf("writer") });
    await expect(createTestLedger(store)).rejects.toMatchObject({ code: "database-refused" });
  });

  test("cannot halt or open a ledger, nor lock it", async () => {
    const pool = poolOf("writer");
    await expect(pool.query("update eventchain.ledgers set state = 'halted'")).rejects.toMatchObject(denied);
    await expect(pool.query("select from eventchain.ledgers for update")).rejects.toMatchObject(denied);
  });

  test("does not get past the append function by a search path or objects of its own", async () => {
    const pool = poolOf("writer");
    await expect(pool.query("create table eventchain.mine ()")).rejects.toMatchObject(denied);
    const client = await pool.connect();
    try {
      await client.query(
        "create function pg_temp.sha256(bytea) returns bytea language sql as $$ select '\\x00'::bytea $$",
      );
      await client.query("create temporary table events (id int)");
      await client.query("set search_path = pg_temp, pg_catalog");
      const one = {
        on: () => undefined,
        off: () => undefined,
        release: () => undefined,
        query: client.query.bind(client),
      };
      const store = openPostgresStore({ pool: { ...one, connect: async () => one } as unknown as pg.Pool });
      const [outcome] = await store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
      expect(outcome?.outcome).toBe("recorded");
    } finally {
      client.release(true);
    }
    await checkChain(owner, ledger);
  });
});

describe.each(["writer", "reader"] as const)("the %s", (role) => {
  test.each(allTables)("reads %s and cannot write there", async (table) => {
    const pool = poolOf(role);
    await pool.query(`select count(*) from eventchain.${table}`);
    await expect(pool.query(`insert into eventchain.${table} default values`)).rejects.toMatchObject(denied);
    await expect(pool.query(`delete from eventchain.${table}`)).rejects.toMatchObject(denied);
    await expect(pool.query(`truncate eventchain.${table} cascade`)).rejects.toMatchObject(denied);
    const columns = await pool.query("select has_any_column_privilege($1::text, 'insert, update, references') as may", [
      `eventchain.${table}`,
    ]);
    expect(columns.rows).toEqual([{ may: false }]);
  });
});

test("the reader reads and cannot append", async () => {
  const store = openPostgresStore({ pool: poolOf("reader") });
  await checkChain(store, ledger);
  const append = store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
  await expect(append).rejects.toMatchObject({ code: "database-refused" });
});

test("the reader subscribes, and is told who keeps checkpoints", async () => {
  const checkpoints = openPostgresCheckpoints(poolOf("reader"));
  const to = { position: 1n, hash: (await owner.hashAt(ledger.ledgerId, 1n)) ?? new Uint8Array() };
  const move = { from: undefined, to, reader: new Uint8Array(16) };
  await expect(checkpoints.move(ledger.ledgerId, "mailer", move)).rejects.toMatchObject({
    code: "database-refused",
    message: expect.stringContaining('may not keep the checkpoint "mailer": a login of eventchain_writer'),
  });
  expect(await checkpoints.find(ledger.ledgerId, "mailer")).toBeUndefined();
  expect(await openPostgresCheckpoints(poolOf("writer")).move(ledger.ledgerId, "mailer", move)).toBe("moved");
  expect(await checkpoints.find(ledger.ledgerId, "mailer")).toEqual(to);
});

describe("the sealer", () => {
  test("cannot append, and cannot write events, tags, commands or ledgers", async () => {
    const store = openPostgresStore({ pool: poolOf("sealer") });
    const append = store.append(ledger.ledgerId, [{ events: [newEvent()], expected: [] }]);
    await expect(append).rejects.toMatchObject({ code: "database-refused" });
    for (const table of ["events", "event_tags", "commands", "ledgers", "log_keys", "ledger_contracts"]) {
      await expect(poolOf("sealer").query(`insert into eventchain.${table} default values`)).rejects.toMatchObject(
        denied,
      );
      await expect(poolOf("sealer").query(`delete from eventchain.${table}`)).rejects.toMatchObject(denied);
    }
    await expect(poolOf("sealer").query("update eventchain.ledgers set origin = 'x'")).rejects.toMatchObject(denied);
  });

  test("writes tiles, checkpoints, watermarks, anchors and alarms, and halts a ledger", async () => {
    const client = await poolOf("sealer").connect();
    const id = ledger.ledgerId;
    try {
      await client.query("begin");
      await client.query("select from eventchain.watermarks where ledger_id = $1 for no key update", [id]);
      await client.query("insert into eventchain.log_tiles values ($1, -1, 0, sha256('a'))", [id]);
      await client.query("update eventchain.log_tiles set hashes = hashes || sha256('b')");
      await client.query(
        "insert into eventchain.checkpoints (ledger_id, size, root, note) values ($1, 1, sha256('r'), 'n')",
        [id],
      );
      await client.query("update eventchain.watermarks set sealed_size = 1, anchored_size = 1, final_size = 1");
      await client.query("insert into eventchain.alarms (ledger_id, code, message) values ($1, 'c', 'm')", [id]);
      await client.query("update eventchain.alarms set cleared_at = now()");
      await client.query("update eventchain.ledgers set state = 'halted', state_reason = 'test'");
    } finally {
      await client.query("rollback");
      client.release();
    }
  });
});

test("nobody else may call the ledger's functions", async () => {
  const { rows } = await database.pool.query<{ name: string; roles: string }>(
    `select proname as name, string_agg(replace(x.grantee::regrole::text, 'eventchain_', ''), ' ' order by x.grantee::regrole::text) as roles
       from pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) x
      where pronamespace = 'eventchain'::regnamespace and x.grantee <> proowner
      group by proname`,
  );
  expect(Object.fromEntries(rows.map(({ name, roles: granted }) => [name, granted]))).toEqual({
    append_events: "handler writer",
    keep_schemas: "handler writer",
    sieve_of: "handler reader sealer viewer writer",
    sees: "handler reader sealer viewer writer",
    find_positions: "handler reader sealer viewer writer",
    count_positions: "handler reader sealer viewer writer",
    restrict: "reader viewer writer",
    move_subscription_checkpoint: "handler writer",
    hold_ledger: "handler",
    make_projection_schema: "handler writer",
    take_inline_builds: "handler writer",
    move_inline_build: "handler writer",
    take_snapshot: "handler writer",
    switch_handler: "handler writer",
  });
});
