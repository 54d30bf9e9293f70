import { randomBytes } from "node:crypto";
import { defineProjection, defineReaction, giveUp, replayProjection } from "@eventchain/ledger";
import { openPostgresProjections } from "@eventchain/store";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, onServer, type TestDatabase, urlOf } from "../support/database.ts";
import { findPgbouncer, startPgbouncer } from "../support/pgbouncer.ts";
import { settle } from "../support/projecting.ts";
import { listOf, openReactingApp } from "../support/reacting-app.ts";
import { askPayment, OrderPlaced } from "../support/shop.ts";

let database: TestDatabase;
const suffix = randomBytes(4).toString("hex");
const loginOf = (role: string): string => `eventchain_test_react_${role}_${suffix}`;
const pools = new Map<string, pg.Pool>();
const program = findPgbouncer();

beforeAll(async () => {
  database = await createTestDatabase();
  for (const role of ["handler", "writer"]) {
    await onServer(`create role ${loginOf(role)} login password 'test' in role eventchain_${role}`);
    const url = urlOf(new URL(database.url).pathname.slice(1), loginOf(role), "test");
    const pool = new pg.Pool({ connectionString: url, max: 4 });
    // The database is dropped while its last connections close.
    pool.on("connect", (client) => client.on("error", () => undefined));
    pools.set(role, pool);
  }
});
afterAll(async () => {
  for (const pool of pools.values()) await pool.end();
  await database?.drop();
  for (const role of ["handler", "writer"]) await onServer(`drop role if exists ${loginOf(role)}`);
});

function poolOf(role: string): pg.Pool {
  const pool = pools.get(role);
  if (pool === undefined) throw new Error(`no pool for ${role}`);
  return pool;
}

const options = { commands: [askPayment] };
const asking = defineReaction("ask", { from: "start", order: "stream" }).on(
  OrderPlaced,
  async ({ data }, { execute }) => {
    await execute(askPayment, data);
  },
);

describe("who may run reactions", () => {
  test("is the role eventchain_handler: it takes in, runs, issues commands, retries and drops", async () => {
    await using owner = await openReactingApp({ pool: database.pool, reactions: [], options });
    const dying = defineReaction("dying", { from: "start" }).on(OrderPlaced, () => {
      throw giveUp("no");
    });
    await using app = await openReactingApp({
      pool: poolOf("handler"),
      reactions: [asking, dying],
      options,
      origin: owner.origin,
    });
    await owner.ledger.append("orders", [OrderPlaced({ orderId: "1", amount: 1 }, { stream: "orders" })]);
    await app.settle();
    expect((await listOf(owner.ledger.readAll())).map(({ type }) => type)).toEqual(["OrderPlaced", "PaymentAsked"]);
    expect(await app.ledger.retryReaction({ reaction: "dying" })).toBe(1);
    await app.settle();
    expect(await app.ledger.dropReactionTask({ reaction: "dying", position: 1n })).toBe(1);
  });

  test("is not a writer, which sees them all the same", async () => {
    await using owner = await openReactingApp({ pool: database.pool, reactions: [asking], options });
    await owner.settle();
    await using app = await openReactingApp({
      pool: poolOf("writer"),
      reactions: [asking],
      options,
      origin: owner.origin,
    });
    expect(await app.ledger.reactions()).toMatchObject([{ name: "ask", waiting: 0n }]);
    expect(await listOf(app.ledger.reactionTasks())).toEqual([]);
    await expect(app.round()).rejects.toMatchObject({ code: "database-refused" });
    await expect(app.ledger.retryReaction({ reaction: "ask" })).rejects.toMatchObject({ code: "database-refused" });
  });
});

test.runIf(program !== undefined)("behind PgBouncer in transaction mode, streams keep their order", async () => {
  const pooler = await startPgbouncer(program ?? "", database.url);
  const pool = new pg.Pool({ connectionString: pooler.url, max: 8 });
  try {
    const seen: number[] = [];
    const ordered = defineReaction("ordered", { from: "start", order: "stream" }).on(OrderPlaced, async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.push(data.amount);
    });
    await using one = await openReactingApp({ pool, reactions: [ordered], options });
    await using two = await openReactingApp({ pool, reactions: [ordered], options, origin: one.origin });
    const amounts = Array.from({ length: 60 }, (_, amount) => amount);
    await one.ledger.append(
      "a",
      amounts.map((amount) => OrderPlaced({ orderId: "1", amount }, { stream: "a" })),
    );
    await Promise.all([one.settle(), two.settle()]);
    await one.settle();
    expect(seen).toEqual(amounts);
  } finally {
    await pool.end();
    await pooler.stop();
  }
});

test("a replay of a projection, and a build of a new version, run no reaction", async () => {
  const seen: string[] = [];
  const mail = defineReaction("mail", { from: "start" }).on(OrderPlaced, ({ data }) => void seen.push(data.orderId));
  await using app = await openReactingApp({ pool: database.pool, reactions: [mail], options });
  for (const orderId of ["1", "2"]) await app.ledger.append(`order-${orderId}`, OrderPlaced({ orderId, amount: 1 }));
  const orders = (version: number) =>
    defineProjection("orders", { version, schema: "create table orders (id text)" }).on(OrderPlaced, ({ data }, db) =>
      db.query("insert into orders values ($1)", [data.orderId]),
    );
  const deps = { ledgerId: app.ledgerId, projections: openPostgresProjections(database.pool) };
  await settle(deps, orders(1));
  await app.settle();
  await replayProjection(deps, orders(1));
  await settle(deps, orders(2));
  await database.pool.query(`drop schema ledger_${app.ledgerId} cascade`);
  await app.settle();
  expect(seen.sort()).toEqual(["1", "2"]);
  expect(await app.ledger.reactions()).toMatchObject([{ name: "mail", position: 2n, waiting: 0n }]);
});
