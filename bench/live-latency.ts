// How long after an append a live subscriber has its event: `node bench/live-latency.ts [--rounds 5] [--seconds 10]`. Uses a
// new database of the server that DATABASE_URL names (an administrator's URL), or starts a Postgres of its own. The writer and the
// subscriber have a connection pool each, as two processes would; the clock is one process's monotonic one.

import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createGenesis, sha256, signerFromSeed, utf8 } from "@eventchain/core";
import { connect, type Ledger } from "@eventchain/ledger";
import { migrate, openPostgresStore } from "@eventchain/store";
import pg from "pg";
import { withDatabase } from "./with-database.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "10" } },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);

/** Events in a second; below 10, each waits for the one before to be a pause of its own. */
const RATES = [1, 200, 2_000];
/** How often the loads' appends are sent. */
const TICK_MS = 5;
const ORIGIN = "live-latency.bench";

/** Milliseconds, by the number of the event. */
interface Times {
  called: number[];
  committed: number[];
  handled: number[];
}

interface Result {
  /** From the append's promise to the handler: below 0 where the subscriber has heard first. */
  commit: number[];
  call: number[];
  queriesPerSecond: number;
  perSecond: number;
}

async function measure(rate: number, writer: Ledger, reader: Ledger, queries: () => number): Promise<Result> {
  const times: Times = { called: [], committed: [], handled: [] };
  const total = Math.max(1, rate * seconds);
  const subscription = reader.subscribe({ from: "now" });
  const next = subscription.next();
  while (!subscription.isLive) await pause(1);
  const handling = (async () => {
    for (let step = await next; step.done !== true; step = await subscription.next()) {
      times.handled[(step.value.data as { n: number }).n] = performance.now();
      if (Object.keys(times.handled).length === total) break;
    }
    await subscription.return?.();
  })();
  const before = queries();
  const startMs = performance.now();
  await (rate < 10 ? appendSlowly(writer, rate, total, times) : appendSteadily(writer, rate, total, times));
  const sentMs = performance.now() - startMs;
  await handling;
  return {
    commit: times.handled.map((at, n) => at - (times.committed[n] ?? Number.NaN)),
    call: times.handled.map((at, n) => at - (times.called[n] ?? Number.NaN)),
    queriesPerSecond: ((queries() - before) / (performance.now() - startMs)) * 1_000,
    perSecond: (total / sentMs) * 1_000,
  };
}

async function append(ledger: Ledger, n: number, times: Times): Promise<void> {
  times.called[n] = performance.now();
  await ledger.append(`s-${n % 50}`, { type: "Measured", data: { n } });
  times.committed[n] = performance.now();
}

/** One after the other, each at another point of the poller's pause. */
async function appendSlowly(ledger: Ledger, rate: number, total: number, times: Times): Promise<void> {
  for (let n = 0; n < total; n += 1) {
    await pause((1_000 / rate) * (0.5 + Math.random()));
    await append(ledger, n, times);
  }
}

/** As many as are due, whether or not those before have been answered. */
async function appendSteadily(ledger: Ledger, rate: number, total: number, times: Times): Promise<void> {
  const startMs = performance.now();
  const appends: Promise<void>[] = [];
  while (appends.length < total) {
    const due = Math.min(total, ((performance.now() - startMs) / 1_000) * rate);
    while (appends.length < due) appends.push(append(ledger, appends.length, times));
    await pause(TICK_MS);
  }
  await Promise.all(appends);
}

function quantile(list: readonly number[], q: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

const median = (list: readonly number[]): number => quantile(list, 0.5);

function report(rate: number, results: readonly Result[]): void {
  const row = (name: string, of: (result: Result) => number[]): void => {
    const figures = [0.5, 0.9, 0.99, 1].map((q) => median(results.map((result) => quantile(of(result), q))).toFixed(1));
    console.log(`| ${rate} | ${name} | ${figures.join(" | ")} |`);
  };
  row("commit known → handler", (result) => result.commit);
  row("append called → handler", (result) => result.call);
  const [reached, queries] = [(result: Result) => result.perSecond, (result: Result) => result.queriesPerSecond];
  console.log(
    `<!-- ${rate}/s: ${median(results.map(reached)).toFixed(0)} events/s reached, ${median(results.map(queries)).toFixed(0)} queries/s of the subscriber -->`,
  );
}

/** How many queries a second a subscriber makes while nothing comes, after so long a quiet. */
async function measureIdle(reader: Ledger, queries: () => number): Promise<void> {
  const subscription = reader.subscribe({ from: "now" });
  const next = subscription.next();
  await pause(2_000);
  const before = queries();
  await pause(10_000);
  console.log(`idle, 2 s to 12 s after the last event: ${((queries() - before) / 10).toFixed(0)} queries/s`);
  await subscription.return?.();
  await next;
}

/** How fast a subscriber that begins at the start reads what is there. */
async function measureCatchUp(reader: Ledger): Promise<void> {
  const startMs = performance.now();
  let count = 0;
  const subscription = reader.subscribe();
  for await (const _ of subscription) {
    count += 1;
    if (subscription.isLive) break;
  }
  const perSecond = (count / (performance.now() - startMs)) * 1_000;
  console.log(`catching up: ${count} events at ${perSecond.toFixed(0)} events/s`);
}

function countingPool(url: string): { pool: pg.Pool; queries: () => number } {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  pool.on("error", () => undefined);
  let count = 0;
  const query = pool.query.bind(pool) as (...given: unknown[]) => unknown;
  pool.query = ((...given: unknown[]) => {
    count += 1;
    return query(...given);
  }) as typeof pool.query;
  return { pool, queries: () => count };
}

async function run(url: string): Promise<void> {
  await migrate(url);
  const writing = new pg.Pool({ connectionString: url, max: 10 });
  const { pool, queries } = countingPool(url);
  const { vkey } = signerFromSeed(ORIGIN, sha256(utf8(ORIGIN)));
  await openPostgresStore({ pool: writing }).createLedger({
    origin: ORIGIN,
    genesis: createGenesis({ origin: ORIGIN, vkey }),
    vkey,
  });
  const connections = [await connect({ database: writing }), await connect({ database: pool })] as const;
  const [writer, reader] = await Promise.all(connections.map((connection) => connection.ledger(ORIGIN)));
  if (writer === undefined || reader === undefined) throw new Error("two connections open two ledgers");
  console.log(`| events/s | ms | p50 | p90 | p99 | max |\n|---|---|---|---|---|---|`);
  for (const rate of RATES) {
    const results: Result[] = [];
    for (let round = 0; round < rounds; round += 1) results.push(await measure(rate, writer, reader, queries));
    report(rate, results);
  }
  await measureIdle(reader, queries);
  for (let round = 0; round < rounds; round += 1) await measureCatchUp(reader);
  for (const connection of connections) await connection.close();
  await Promise.all([writing.end(), pool.end()]);
}

await withDatabase(run);
