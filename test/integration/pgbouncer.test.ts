import { createGenesis, sha256, signerFromSeed, utf8 } from "@eventchain/core";
import {
  type Connection,
  connect,
  defineAccess,
  defineProjection,
  type Ledger,
  type Subscription,
} from "@eventchain/ledger";
import { migrate, openPostgresProjections, openPostgresStore } from "@eventchain/store";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { balance, deposit, withdraw } from "../support/account-commands.ts";
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from "../support/database.ts";
import { findPgbouncer, type RunningPgbouncer, startPgbouncer } from "../support/pgbouncer.ts";
import { Added, openProjecting, settle } from "../support/projecting.ts";

const program = findPgbouncer();
if (program === undefined)
  console.warn("no pgbouncer is installed (apt-get install pgbouncer): nothing is tested behind one");

const upTo = (last: number): bigint[] => Array.from({ length: last }, (_, n) => BigInt(n + 1));

async function take(subscription: Subscription, most: number): Promise<bigint[]> {
  const seen: bigint[] = [];
  while (seen.length < most) {
    const step = await subscription.next();
    if (step.done === true) break;
    seen.push(step.value.position);
  }
  return seen;
}

describe.runIf(program !== undefined)("behind PgBouncer in transaction mode", () => {
  let database: TestDatabase;
  let pooler: RunningPgbouncer;
  /** More than the pooler has connections to the server. */
  const connections: Connection[] = [];
  const ledgers: Ledger[] = [];
  let count = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    pooler = await startPgbouncer(program ?? "", database.url);
    for (let n = 0; n < 5; n += 1) connections.push(await connect({ database: pooler.url, maxConnections: 4 }));
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await pooler?.stop();
    await database?.drop();
  });
  beforeEach(async () => {
    const origin = `pgbouncer-${++count}.test`;
    const { vkey } = signerFromSeed(origin, sha256(utf8(origin)));
    await openPostgresStore({ pool: database.pool }).createLedger({
      origin,
      genesis: createGenesis({ origin, vkey }),
      vkey,
    });
    const access = defineAccess(({ id }) => [{ tags: [`of:${id}`] }]);
    ledgers.length = 0;
    for (const connection of connections)
      ledgers.push(await connection.ledger(origin, { commands: [deposit, withdraw], access, rowSecurity: true }));
  });

  const ledgerOf = (n: number): Ledger => {
    const ledger = ledgers[n % ledgers.length];
    if (ledger === undefined) throw new Error("there are ledgers");
    return ledger;
  };

  test("a database is migrated", async () => {
    const empty = await createEmptyDatabase();
    const through = new URL(pooler.url);
    through.pathname = new URL(empty.url).pathname;
    try {
      const { applied, version } = await migrate(through.toString());
      expect(applied.length).toBeGreaterThan(10);
      expect(await migrate(empty.url)).toEqual({ applied: [], version });
    } finally {
      await empty.drop();
    }
  });

  test("clients share the server's connections", async () => {
    const ask = () => connections.map((connection) => connection.ledgers());
    await Promise.all([...ask(), ...ask(), ...ask()]);
    const { rows } = await database.pool.query(
      "select count(*)::int as sessions from pg_stat_activity where datname = current_database() and application_name = 'eventchain'",
    );
    expect(rows[0].sessions).toBeLessThanOrEqual(3);
  });

  test("many append, and every subscriber is given each event once and in order", async () => {
    const readers = ledgers.map((ledger) => ledger.subscribe());
    const reading = Promise.all(readers.map((reader) => take(reader, 200)));
    await Promise.all(
      Array.from({ length: 200 }, (_, n) => ledgerOf(n).append(`s-${n % 9}`, { type: "Plain", data: { n } })),
    );
    for (const seen of await reading) expect(seen).toEqual(upTo(200));
    await Promise.all(readers.map((reader) => reader.return?.()));
  });

  test("commands of many connections decide on what is there", async () => {
    const account = "a";
    await ledgerOf(0).execute(deposit, { account, amount: 10 }, { actor: "ann" });
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        ledgerOf(n).execute(withdraw, { account, amount: 1 }, { actor: "ann", maxAttempts: 100 }),
      ),
    );
    const recorded = outcomes.filter(({ status }) => status === "recorded");
    expect(recorded).toHaveLength(10);
    expect(await ledgerOf(1).state(balance, "account-a")).toMatchObject({ sum: 0, entries: 11 });
  });

  test("a view's role and access stay with the view", async () => {
    for (const tag of ["of:ann", "of:bob", "of:ann"])
      await ledgerOf(0).append("s", { type: "Plain", data: {}, tags: [tag] });
    const restricted = ledgers.map((ledger) => ledger.as("ann").subscribe());
    const whole = ledgers.map((ledger) => ledger.subscribe());
    const seen = await Promise.all([
      ...restricted.map((subscription) => take(subscription, 2)),
      ...whole.map((subscription) => take(subscription, 3)),
    ]);
    expect(seen).toEqual([...restricted.map(() => [1n, 3n]), ...whole.map(() => [1n, 2n, 3n])]);
  });

  test("projections are worked on and read, in an append's transaction and after it", async () => {
    const pools = [1, 2].map(() => new pg.Pool({ connectionString: pooler.url, max: 2 }));
    const table = "create table seen (position bigint primary key, n int not null)";
    const define = (mode: "async" | "inline") =>
      defineProjection(mode, { mode, schema: table.replace("seen", `${mode}_seen`) }).on(Added, (event, db) =>
        db.query(`insert into ${mode}_seen values ($1, $2)`, [event.position, event.data.n]),
      );
    const [later, inline] = [define("async"), define("inline")];
    const [pool, other] = pools;
    if (pool === undefined || other === undefined) throw new Error("there are two pools");
    const on = await openProjecting({ pool }, [inline]);
    try {
      await on.add(1);
      await settle(on, inline);
      const appends = Promise.all(Array.from({ length: 20 }, () => on.add(5)));
      const beside = { ledgerId: on.ledgerId, projections: openPostgresProjections(other) };
      await Promise.all([settle(on, later), settle(beside, later), appends]);
      await settle(on, later);
      for (const mode of ["async", "inline"]) {
        const rows = await on.ledger.readProjections<{ n: number }>(`select n from ${mode}_seen order by n`);
        expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 101 }, (_, n) => n));
      }
    } finally {
      await on.close();
      await Promise.all(pools.map((each) => each.end()));
    }
  });

  test("a checkpoint that one connection has kept is found by another", async () => {
    await ledgerOf(0).append(
      "s",
      [1, 2, 3].map((n) => ({ type: "Plain", data: { n } })),
    );
    const first = ledgerOf(1).subscribe({ checkpoint: "kept" });
    for (let n = 0; n < 2; n += 1) {
      const step = await first.next();
      if (step.done !== true) await first.checkpoint(step.value);
    }
    expect(await take(ledgerOf(2).subscribe({ checkpoint: "kept" }), 1)).toEqual([3n]);
  });
});
