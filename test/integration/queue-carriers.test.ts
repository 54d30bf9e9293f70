import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort, findRedis, type RunningRedis, startRedis } from "@eventchain/devstack";
import { migrateQueue, openQueue, QUEUE_SCHEMA, type Queue, type QueueConnection } from "@eventchain/queue";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";

const hasRedis = findRedis() !== undefined;
if (!hasRedis) console.warn("no redis-server or valkey-server is installed: the queue is tested on Postgres only");

/** A busy machine may take its time. */
const PATIENTLY = { timeout: 60_000 };

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What every carrier does; the same tests for each. */
function behaves(connection: () => QueueConnection): void {
  let prefixes = 0;
  let prefix: string;
  const queues: Queue[] = [];

  beforeEach(() => {
    prefixes += 1;
    prefix = `test${prefixes}`;
  });

  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
  });

  async function open(
    options: { tickMs?: number; watchdogMs?: number; log?: (message: string) => void; prefix?: string } = {},
  ): Promise<Queue> {
    const queue = await openQueue({ ...connection(), prefix, tickMs: 60_000, watchdogMs: 200, ...options });
    queues.push(queue);
    return queue;
  }

  test("hands a hint to the stage that it is for, and to no other", async () => {
    const queue = await open();
    const seen: string[] = [];
    await queue.work("seal", async ({ ledger }) => void seen.push(`seal ${ledger ?? "tick"}`));
    await queue.work("anchor", async ({ ledger }) => void seen.push(`anchor ${ledger ?? "tick"}`));
    await queue.hint("anchor", "9223372036854775807");
    await expect
      .poll(() => seen.filter((each) => !each.endsWith("tick")), PATIENTLY)
      .toEqual(["anchor 9223372036854775807"]);
  });

  test("keeps one hint waiting for a stage and ledger, however many are sent", async () => {
    const sender = await open();
    for (let n = 0; n < 5; n++) await sender.hint("seal", "1");
    await Promise.all(Array.from({ length: 20 }, () => sender.hint("seal", "1")));
    await sender.hint("seal", "2");
    const seen: string[] = [];
    const worker = await open();
    await worker.work("seal", async ({ ledger }) => void seen.push(ledger ?? "tick"));
    await expect.poll(() => seen.includes("2"), PATIENTLY).toBe(true);
    await pause(200);
    expect(seen.filter((each) => each !== "tick").sort()).toEqual(["1", "2"]);
  });

  test("does not lose a hint that comes while the same ledger is being handled", async () => {
    const queue = await open();
    let runs = 0;
    await queue.work("seal", async ({ ledger }) => {
      if (ledger === undefined) return;
      runs += 1;
      if (runs === 1) await queue.hint("seal", "5");
    });
    await queue.hint("seal", "5");
    await expect.poll(() => runs, PATIENTLY).toBe(2);
  });

  test("ticks by itself, once for all processes that work on the stage", async () => {
    let ticks = 0;
    const startedMs = performance.now();
    for (let process = 0; process < 3; process++) {
      const queue = await open({ tickMs: 100, watchdogMs: 60_000 });
      await queue.work("finalise", async () => {
        ticks += 1;
      });
    }
    await expect.poll(() => ticks, { timeout: 60_000 }).toBeGreaterThanOrEqual(10);
    // Each opening may add one; three schedules of their own would make three times as many.
    expect(ticks).toBeLessThanOrEqual((performance.now() - startedMs) / 100 + 5);
  });

  test("goes on after a handler has failed, tells the log and does not try again", async () => {
    const said: string[] = [];
    const queue = await open({ log: (message) => said.push(message) });
    const seen: string[] = [];
    await queue.work("seal", async ({ ledger }) => {
      if (ledger === undefined) return;
      seen.push(ledger);
      if (ledger === "1") throw new Error("the disk is full");
    });
    await queue.hint("seal", "1");
    await expect.poll(() => said, PATIENTLY).toEqual(["seal: the disk is full"]);
    await queue.hint("seal", "2");
    await expect.poll(() => seen, PATIENTLY).toEqual(["1", "2"]);
    await pause(300);
    expect(seen).toEqual(["1", "2"]);
  });

  test("keeps queues of different prefixes apart", async () => {
    const seen: string[] = [];
    const mine = await open();
    await mine.work("seal", async ({ ledger }) => void seen.push(`mine ${ledger ?? "tick"}`));
    const other = await open({ prefix: `${prefix}other` });
    await other.work("seal", async ({ ledger }) => void seen.push(`other ${ledger ?? "tick"}`));
    await other.hint("seal", "3");
    await expect.poll(() => seen, PATIENTLY).toContain("other 3");
    expect(seen).not.toContain("mine 3");
  });

  test("close waits for the hint at hand, takes no other, and may be called twice", async () => {
    const queue = await open();
    const seen: string[] = [];
    await queue.work("seal", async ({ ledger }) => {
      if (ledger === undefined) return;
      seen.push(`begin ${ledger}`);
      await pause(300);
      seen.push(`end ${ledger}`);
    });
    await queue.hint("seal", "1");
    await expect.poll(() => seen, PATIENTLY).toEqual(["begin 1"]);
    await queue.hint("seal", "2");
    await Promise.all([queue.close(), queue.close()]);
    expect(seen).toEqual(["begin 1", "end 1"]);
    await queue.hint("seal", "3");
  });

  test("a hint names a ledger by its id and by nothing else", async () => {
    const queue = await open();
    for (const wrong of ["", "01", "-1", "1.5", "localhost/main", "1; drop"]) {
      expect(() => queue.hint("seal", wrong)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    }
  });
}

describe.runIf(hasRedis)("Redis", () => {
  let dir: string;
  let redis: RunningRedis;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "eventchain-queue-"));
    redis = (await startRedis({ dir })) as RunningRedis;
  });

  afterAll(async () => {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  behaves(() => ({ redisUrl: redis.url }));

  test("a wrong password is told without repeating it", async () => {
    const redisUrl = redis.url.replace(/:[0-9a-f]+@/, ":letmein@");
    const failure = await openQueue({ redisUrl }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "queue-unavailable", message: expect.stringContaining("WRONGPASS") });
    expect(JSON.stringify(failure)).not.toContain("letmein");
  });
});

describe("Postgres", () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createEmptyDatabase();
  });

  afterAll(async () => {
    await database.drop();
  });

  behaves(() => ({ databaseUrl: database.url }));

  test("its tables are in a schema of their own", async () => {
    await migrateQueue(database.url);
    const { rows } = await database.pool.query(
      "select distinct table_schema from information_schema.tables where table_name in ('job', 'scheduler')",
    );
    expect(rows).toEqual([{ table_schema: QUEUE_SCHEMA }]);
  });

  test("a role that has the queue's schema and nothing else can use it", async () => {
    await migrateQueue(database.url);
    const role = "eventchain_queue_test_role";
    const url = new URL(database.url);
    await database.pool.query(
      `do $$ begin create role ${role} login password 'pw'; exception when duplicate_object then null; end $$`,
    );
    try {
      await database.pool.query(`grant usage, create on schema ${QUEUE_SCHEMA} to ${role}`);
      await database.pool.query(`grant all on all tables in schema ${QUEUE_SCHEMA} to ${role}`);
      await database.pool.query(`grant all on all sequences in schema ${QUEUE_SCHEMA} to ${role}`);
      url.username = role;
      url.password = "pw";
      const queue = await openQueue({ databaseUrl: url.toString(), prefix: "role" });
      await queue.hint("seal", "1");
      await queue.close();
      const { rows } = await database.pool.query(`select data from ${QUEUE_SCHEMA}.job where queue = 'role-seal'`);
      expect(rows).toEqual([{ data: { ledger: "1" } }]);
    } finally {
      await database.pool.query(`drop owned by ${role}`);
      await database.pool.query(`drop role ${role}`);
    }
  });

  test("a database that does not exist is told", async () => {
    const url = new URL(database.url);
    url.pathname = "/nowhere";
    await expect(openQueue({ databaseUrl: url.toString() })).rejects.toMatchObject({ code: "queue-unavailable" });
  });
});

test("a server that is not there, and a URL that is none", async () => {
  const port = await findFreePort();
  for (const connection of [
    { redisUrl: `redis://:secret@127.0.0.1:${port}` },
    { databaseUrl: `postgres://app:secret@127.0.0.1:${port}/app` },
  ]) {
    const failure = (await openQueue(connection).catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ code: "queue-unavailable", retryable: true });
    expect(failure.message).toContain(`127.0.0.1:${port}`);
    expect(failure.message).not.toContain("secret");
  }
  await expect(openQueue({ redisUrl: "local secret" })).rejects.toMatchObject({
    code: "config-invalid",
    message: "REDIS_URL is not a URL",
  });
});
