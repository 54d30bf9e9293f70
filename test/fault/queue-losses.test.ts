import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findRedis, type RunningPostgres, type RunningRedis, startPostgres, startRedis } from "@eventchain/devstack";
import { openQueue, QUEUE_SCHEMA, type Queue, type QueueConnection, type Stage } from "@eventchain/queue";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

const hasRedis = findRedis() !== undefined;
if (!hasRedis) console.warn("no redis-server or valkey-server is installed: the queue is tested on Postgres only");

let queue: Queue;
let calls: string[];
let said: string[];

async function open(connection: QueueConnection, prefix: string): Promise<void> {
  calls = [];
  said = [];
  const log = (message: string): void => void said.push(message);
  queue = await openQueue({ ...connection, prefix, tickMs: 200, watchdogMs: 300, log });
}

async function work(stage: Stage): Promise<void> {
  await queue.work(stage, async ({ ledger }) => {
    calls.push(ledger ?? "tick");
  });
}

const count = (what: string): number => calls.filter((call) => call === what).length;

/** Waits until the stage is called `more` times from now on, by ticks or by hints. */
async function expectMore(what: string, more: number): Promise<void> {
  const before = count(what);
  await expect.poll(() => count(what), { timeout: 60_000, interval: 20 }).toBeGreaterThanOrEqual(before + more);
}

/** Waits until a hint sent from now on is handled as such, and so the queue itself works again. */
async function expectHints(ledger: string): Promise<void> {
  const isHandled = async (): Promise<boolean> => {
    await queue.hint("seal", ledger).catch(() => undefined);
    return count(ledger) > 0;
  };
  await expect.poll(isHandled, { timeout: 60_000, interval: 100 }).toBe(true);
}

/** FLUSHALL by the protocol's inline form. */
function flushAll({ url, port }: RunningRedis): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.write(`AUTH ${new URL(url).password}\r\nFLUSHALL\r\nQUIT\r\n`);
    });
    let answer = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
    });
    socket.once("error", reject);
    socket.once("close", () => {
      if (answer === "+OK\r\n+OK\r\n+OK\r\n") resolve();
      else reject(new Error(answer));
    });
  });
}

/** A worker that is killed with a hint, and maybe a tick, in its hands: others go on at once, that ledger's hints too. */
async function expectAnotherToGoOn(connection: QueueConnection, prefix: string): Promise<void> {
  const script = fileURLToPath(new URL("queue-worker-process.ts", import.meta.url));
  const args = [script, JSON.stringify(connection), prefix];
  const worker = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
  try {
    expect((await lines.next()).value).toBe("ready");
    const sender = await openQueue({ ...connection, prefix });
    await sender.hint("seal", "7");
    expect((await lines.next()).value).toBe("7");
    await sender.close();
  } finally {
    worker.kill("SIGKILL");
  }
  await queue.close();
  await open(connection, prefix);
  await work("seal");
  await expectMore("tick", 2);
  await queue.hint("seal", "7");
  await expect.poll(() => count("7"), { timeout: 60_000 }).toBe(1);
}

describe.runIf(hasRedis)("Redis", () => {
  let dir: string;
  let redis: RunningRedis;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "eventchain-queue-"));
    redis = (await startRedis({ dir })) as RunningRedis;
    await open({ redisUrl: redis.url }, "losses");
    await work("seal");
    await expectMore("tick", 2);
  });

  afterEach(async () => {
    await queue.close();
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test("FLUSHALL, again and again", async () => {
    for (let n = 0; n < 3; n++) {
      await flushAll(redis);
      await expectMore("tick", 2);
    }
    await expectHints("7");
  });

  test("FLUSHALL while a hint is being handled", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await queue.work("anchor", async ({ ledger }) => {
      calls.push(`anchor ${ledger ?? "tick"}`);
      if (ledger !== undefined) await held;
    });
    await queue.hint("anchor", "7");
    await expect.poll(() => count("anchor 7"), { timeout: 60_000 }).toBe(1);
    await flushAll(redis);
    release();
    await expectMore("anchor tick", 2);
  });

  test("a server that dies and comes back empty", async () => {
    const killed = redis.pid as number;
    process.kill(killed, "SIGKILL");
    await expectMore("tick", 3);
    await expectHints("7");
    expect(redis.pid).not.toBe(killed);
  });

  test("a server that is away: work goes on without it, hints are refused, and it is used again when it is back", async () => {
    const { port } = redis;
    await redis.stop();
    await expect(queue.hint("seal", "7")).rejects.toMatchObject({ code: "queue-unavailable", retryable: true });
    await expectMore("tick", 3);
    expect(said.some((message) => message.includes("going on without it"))).toBe(true);
    redis = (await startRedis({ dir, port })) as RunningRedis;
    await expectHints("8");
    await expectMore("tick", 2);
  });

  test("a worker that is killed in the middle of a hint", async () => {
    await expectAnotherToGoOn({ redisUrl: redis.url }, "killed");
  });

  test("closing while the server is away", async () => {
    await redis.stop();
    await queue.close();
    const before = calls.length;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(calls).toHaveLength(before);
  });
});

describe("Postgres", () => {
  let dir: string;
  let postgres: RunningPostgres;
  let prefixes = 0;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "eventchain-queue-"));
    postgres = await startPostgres({ dir, durable: false });
  });

  afterAll(async () => {
    await postgres.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  beforeEach(async () => {
    prefixes += 1;
    await open({ databaseUrl: postgres.url }, `losses${prefixes}`);
    await work("seal");
    await expectMore("tick", 2);
  });

  afterEach(async () => {
    await queue.close();
  });

  async function run(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  test("TRUNCATE of every table", async () => {
    for (let n = 0; n < 2; n++) {
      await run(
        `truncate ${QUEUE_SCHEMA}.job, ${QUEUE_SCHEMA}.scheduler, ${QUEUE_SCHEMA}.meta, ${QUEUE_SCHEMA}.event cascade`,
      );
      await expectMore("tick", 2);
    }
    await expectHints("7");
  });

  test("the jobs are deleted and the schedule is left", async () => {
    await run(`delete from ${QUEUE_SCHEMA}.job`);
    await expectMore("tick", 2);
    await expectHints("7");
  });

  test("the whole schema is dropped", async () => {
    await run(`drop schema ${QUEUE_SCHEMA} cascade`);
    await expectMore("tick", 3);
    await expectHints("7");
  });

  test("every connection is cut", async () => {
    await run(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
    );
    await expectMore("tick", 2);
    await expectHints("7");
  });

  test("a worker that is killed in the middle of a hint", async () => {
    await expectAnotherToGoOn({ databaseUrl: postgres.url }, "killed");
  });

  test("a server that dies and comes back", async () => {
    process.kill(postgres.pid as number, "SIGKILL");
    await expectMore("tick", 3);
    await expectHints("7");
  });

  test("a server that is away: work goes on without it, hints are refused, and it is used again when it is back", async () => {
    const { port } = postgres;
    await postgres.stop();
    await expect(queue.hint("seal", "7")).rejects.toMatchObject({ code: "queue-unavailable", retryable: true });
    await expectMore("tick", 3);
    postgres = await startPostgres({ dir, port, durable: false });
    await expectHints("8");
    await expectMore("tick", 2);
  });
});
