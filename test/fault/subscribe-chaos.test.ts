import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Connection, connect, type Ledger, type LedgerEvent, type SubscribeOptions } from "@eventchain/ledger";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createStagedLedger, type StagedLedger } from "../support/staged-ledger.ts";

const PROCESSES = 4;
const WRITERS = 4;
const APPENDS = 15;
/** The type of the event that ends the reading. */
const LAST = "Last";
const program = fileURLToPath(new URL("../support/write-process.ts", import.meta.url));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let database: TestDatabase;
let connection: Connection;
let staged: StagedLedger;
let ledger: Ledger;
beforeAll(async () => {
  database = await createTestDatabase();
  staged = await createStagedLedger(database.pool, "subscribe-chaos.test");
  connection = await connect({ database: database.url, maxConnections: 20 });
  ledger = await connection.ledger(staged.origin);
});
afterAll(async () => {
  await connection?.close();
  await database?.drop();
});

/** One start of a reader: where it began, and what it was given. */
interface Run {
  /** The position that was kept before. */
  after: bigint;
  given: bigint[];
}

/** Reads by a checkpoint's name to the last event, giving up and beginning again after so many events each. */
async function readAgain(name: string, options: SubscribeOptions, lengths: Iterator<number>): Promise<Run[]> {
  const runs: Run[] = [];
  let kept = 0n;
  for (;;) {
    const controller = new AbortController();
    const run: Run = { after: kept, given: [] };
    runs.push(run);
    const most = lengths.next().value as number;
    // Kept now and then: what was given past it is given again.
    const every = 1 + (most % 7);
    const subscription = ledger.subscribe({ ...options, checkpoint: name, signal: controller.signal });
    try {
      for await (const event of subscription) {
        run.given.push(event.position);
        if (run.given.length % every === 0) kept = await keep(subscription.checkpoint(event), event, kept);
        if (event.type === LAST) return runs;
        // While the next step waits, not at its beginning.
        if (run.given.length === most) setTimeout(() => controller.abort(), most % 5);
      }
    } catch (error) {
      if ((error as { code?: string }).code !== "aborted") throw error;
    }
  }
}

/** A move whose answer was lost may have been stored: the same move again is none. */
async function keep(moving: Promise<void>, event: LedgerEvent, kept: bigint): Promise<bigint> {
  try {
    await moving;
    return event.position;
  } catch (error) {
    if ((error as { retryable?: boolean }).retryable !== true) throw error;
    return kept;
  }
}

/** Sessions that are in the way: a snapshot that is never given up, and appends that wait long before they commit. */
async function linger(until: () => boolean): Promise<void> {
  const idle = new pg.Client({ connectionString: database.url });
  const slow = new pg.Client({ connectionString: database.url });
  await Promise.all([idle.connect(), slow.connect()]);
  await idle.query("begin isolation level repeatable read");
  await idle.query("select count(*) from eventchain.events");
  for (let n = 0; !until(); n += 1) {
    await slow.query("begin");
    await slow.query("select from eventchain.ledgers where ledger_id = $1 for no key update", [staged.ledgerId]);
    await pause(n % 60);
    await slow.query(n % 2 === 0 ? "commit" : "rollback");
    await pause(30);
  }
  await idle.query("rollback");
  await Promise.all([idle.end(), slow.end()]);
}

async function kill(until: () => boolean): Promise<void> {
  while (!until()) {
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'eventchain' and random() < 0.2`,
    );
    await pause(150);
  }
}

async function seal(until: () => boolean): Promise<void> {
  let done = 0n;
  for (let isLast = false; !isLast; ) {
    isLast = until();
    await staged.seal();
    const { size } = (await staged.log.checkpoint(staged.ledgerId)) ?? { size: 0n };
    if (size > done) await staged.finalise(await staged.anchor());
    done = size;
    await pause(100);
  }
}

async function write(): Promise<void> {
  const exits = Array.from({ length: PROCESSES }, async (_, n) => {
    const args = [database.url, staged.origin, `p${n}`, String(WRITERS), String(APPENDS), String(n + 1)];
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "inherit"] });
    const [code] = await once(child, "exit");
    return code;
  });
  expect(await Promise.all(exits)).toEqual(exits.map(() => 0));
}

const READERS: readonly [string, SubscribeOptions][] = [
  ["appended", {}],
  ["sealed", { level: "sealed", readAhead: 10 }],
  ["final", { level: "final" }],
  ["filtered", { filter: { types: ["Third", LAST] }, readAhead: 3 }],
];

test("sixteen writers, lingering transactions, killed sessions: readers at each level are given each event once, in order", async () => {
  let written = false;
  const seed = Math.floor(performance.timeOrigin % 2 ** 31);
  console.info(`seed ${seed}`);
  const reading = READERS.map(([name, options], n) => {
    const lengths = fc.sample(fc.integer({ min: 1, max: 150 }), { numRuns: 10_000, seed: seed + n }).values();
    return readAgain(name, options, lengths);
  });
  const beside = [linger(() => written), kill(() => written), seal(() => written)];
  await write();
  while (!(await appendLast())) await pause(20);
  written = true;
  await Promise.all(beside);
  const all: LedgerEvent[] = [];
  for await (const event of ledger.readAll()) all.push(event);
  expect(all.length).toBeGreaterThan(PROCESSES * WRITERS * APPENDS);
  for (const [n, [name, { filter }]] of READERS.entries()) {
    const wanted = all.filter(({ type }) => filter?.types?.includes(type) !== false).map(({ position }) => position);
    const runs = (await reading[n]) ?? [];
    expect(runs.length, `${name} began again`).toBeGreaterThan(2);
    for (const { after, given } of runs) expectRun(name, wanted, after, given);
    const together = new Set(runs.flatMap(({ given }) => given));
    expect(together.size, `all that ${name} was given`).toBe(wanted.length);
  }
});

async function appendLast(): Promise<boolean> {
  try {
    await ledger.append("s", { type: LAST, data: {} }, { commandId: "last" });
    return true;
  } catch (error) {
    if ((error as { retryable?: boolean }).retryable === true) return false;
    throw error;
  }
}

/** A run's events are the wanted ones past a kept place, each once; that place is the one kept, or a later one it moved to. */
function expectRun(name: string, wanted: readonly bigint[], after: bigint, given: readonly bigint[]): void {
  const [first] = given;
  if (first === undefined) return;
  const begin = wanted.indexOf(first);
  expect(first, name).toBeGreaterThan(after);
  expect(given, name).toEqual(wanted.slice(begin, begin + given.length));
}
