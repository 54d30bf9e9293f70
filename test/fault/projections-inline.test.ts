import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { checkProjection, connect } from "@eventchain/ledger";
import { openPostgresProjections } from "@eventchain/store";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { inlineSeen as makeSeen } from "../support/inline-projection.ts";
import { Added, openProjecting, type Projecting, settle } from "../support/projecting.ts";
import { startFaultyProxy } from "./append-proxy.ts";

const program = fileURLToPath(new URL("../support/inline-process.ts", import.meta.url));
const children = new Set<ChildProcess>();
const inlineSeen = makeSeen();

let database: TestDatabase;
let on: Projecting;
beforeAll(async () => {
  database = await createTestDatabase();
  // How long a transaction outlives a client that is gone without a word; by default an append's does so for 10 s.
  const [{ name }] = (await database.pool.query("select current_database() as name")).rows;
  await database.pool.query(`alter database ${name} set idle_in_transaction_session_timeout = '500ms'`);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await database.drop();
});
beforeEach(async () => {
  on = await openProjecting(database, [inlineSeen]);
  await settle(on, inlineSeen);
  return () => on.close();
});

const differences = async () => {
  const checked = await checkProjection({ ledgerId: on.ledgerId, pool: database.pool }, inlineSeen);
  return checked.kind === "compared" ? checked.differences : checked;
};

async function start(number: number, kind: "with" | "without"): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, database.url, on.ledger.origin, `${number}`, kind], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  if (child.stdout !== null) await once(child.stdout, "data");
  return child;
}

async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
  children.delete(child);
  return child.exitCode;
}

test("after races of eight processes, with and without the definition, and kills, the table is what a replay gives", {
  timeout: 60_000,
}, async () => {
  const kinds = ["with", "with", "with", "without", "with", "with", "without", "with"] as const;
  const racers = await Promise.all(kinds.map((kind, number) => start(number, kind)));
  // Four are killed while a worker catches the projection up behind those without it.
  for (const racer of racers.slice(0, 4)) {
    await settle(on, inlineSeen);
    await sleep(50);
    await end(racer, "SIGKILL");
  }
  const codes = await Promise.all(racers.slice(4).map((racer) => end(racer, "SIGTERM")));
  expect(codes).toEqual([0, 0, 0, 0]);
  await settle(on, inlineSeen);
  const [{ behind } = { behind: -1n }] = await on.ledger.projections();
  expect(behind).toBe(0n);
  expect(await differences()).toEqual([]);
  const [{ count } = { count: 0n }] = await on.ledger.readProjections<{ count: bigint }>("select count(*) from seen");
  expect(count).toBe(await on.ledger.count({ filter: { types: ["Added"] } }));
});

test.each(["lose-request", "lose-response", "cut"] as const)(
  "an append whose connection is lost (%s) is handled once",
  async (fault) => {
    const proxy = await startFaultyProxy(database.url);
    const connection = await connect({ database: proxy.url, maxConnections: 2 });
    try {
      const ledger = await connection.ledger(on.ledger.origin, { projections: [inlineSeen] });
      await ledger.append("s", Added({ n: 1 }));
      proxy.loseNext(fault);
      await ledger.append("s", Added({ n: 2 }));
      await ledger.append("s", Added({ n: 3 }));
    } finally {
      await connection.close();
      await proxy.close();
    }
    await settle(on, inlineSeen);
    expect(await on.ledger.readProjections("select n, version from seen order by position")).toEqual([
      { n: 1, version: 1n },
      { n: 2, version: 2n },
      { n: 3, version: 3n },
    ]);
  },
);

test("an append whose connection is cut in its handler is recorded with its row, or not at all", async () => {
  const receipts = Array.from({ length: 20 }, (_, n) => on.ledger.append("s", Added({ n })));
  await database.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'",
  );
  const settled = await Promise.allSettled(receipts);
  await settle(on, inlineSeen);
  const recorded = settled.filter(({ status }) => status === "fulfilled").length;
  expect(await on.ledger.count()).toBe(BigInt(recorded));
  expect(await differences()).toEqual([]);
});

test("what holds the ledger to close the gap gives it back after ten idle seconds at most", async () => {
  const { pool } = database;
  const found = await pool.query("select build_id from eventchain.projection_builds where ledger_id = $1", [
    on.ledgerId,
  ]);
  const idle = await openPostgresProjections(pool).transact(
    BigInt(found.rows[0].build_id),
    (transaction) => transaction.run("select current_setting('idle_in_transaction_session_timeout') as idle", []),
    { holdLedger: on.ledgerId },
  );
  expect(idle).toEqual([{ idle: "10s" }]);
});
