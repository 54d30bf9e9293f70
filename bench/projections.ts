// How fast async projections are built, from zero and anew beside the live one: `node bench/projections.ts [--events 1000000]
// [--rounds 1] [--rate 100]`. Uses a new database of the server that DATABASE_URL names (an administrator's URL), or starts a
// Postgres of its own. While a projection is built anew, `rate` events a second arrive and its views are read.

import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createGenesis, sha256, signerFromSeed, utf8 } from "@eventchain/core";
import {
  connect,
  defineEvent,
  defineModel,
  defineProjection,
  type Ledger,
  type Projection,
  projectOnce,
  replayProjection,
} from "@eventchain/ledger";
import { migrate, openPostgresProjections, openPostgresStore, type ProjectionStore } from "@eventchain/store";
import pg from "pg";
import { z } from "zod";
import { withDatabase } from "./with-database.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "1" },
    rate: { type: "string", default: "100" },
  },
});
const [EVENTS, ROUNDS, RATE] = [values.events, values.rounds, values.rate].map(Number) as [number, number, number];
const ORIGIN = "projections.bench";
const STREAMS = 1_000;
/** Events of one append when the ledger is filled, and how many appends are under way. */
const APPEND_EVENTS = 500;
const APPENDS = 8;
const SAMPLE_MS = 50;

const Counted = defineEvent("Counted", { schema: z.object({ n: z.number() }) });
const tally = defineModel("tally", { initial: () => ({ events: 0, sum: 0 }) }).on(Counted, (state, { data }) => ({
  events: state.events + 1,
  sum: state.sum + data.n,
}));

const PROJECTIONS: readonly { what: string; projection: Projection; events: string }[] = [
  {
    what: "model, a row for each stream",
    projection: defineProjection("by-model", { model: tally, key: ({ stream }) => stream }),
    events: "select sum((state->>'events')::bigint)::text as events from $views.by_model",
  },
  {
    what: "SQL for batches, a row for each stream",
    projection: defineProjection("by-batch", {
      schema: "create table by_batch (stream text primary key, events bigint not null, sum bigint not null)",
    }).onBatch([Counted], async (events, db) => {
      const numbers = events.map(({ data }) => (data as { n: number }).n);
      await db.query(
        `insert into by_batch as t select u.stream, count(*), sum(u.n)
         from unnest($1::text[], $2::bigint[]) u (stream, n) group by u.stream
         on conflict (stream) do update set events = t.events + excluded.events, sum = t.sum + excluded.sum`,
        [events.map(({ stream }) => stream), numbers],
      );
    }),
    events: "select sum(events)::text as events from $views.by_batch",
  },
];

interface Measured {
  projection: string;
  phase: "fill" | "from zero" | "rebuild while live";
  events: number;
  seconds: number;
  eventsPerSecond: number;
  /** Of this process, in MiB. */
  peakRssMb: number;
}

async function measure(
  projection: string,
  phase: Measured["phase"],
  work: () => Promise<number | bigint>,
): Promise<Measured> {
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, SAMPLE_MS);
  const startMs = performance.now();
  const events = Number(await work());
  const seconds = (performance.now() - startMs) / 1000;
  clearInterval(sampler);
  peak = Math.max(peak, process.memoryUsage.rss());
  return { projection, phase, events, seconds, eventsPerSecond: events / seconds, peakRssMb: peak / 2 ** 20 };
}

async function fill(ledger: Ledger): Promise<number> {
  let next = 0;
  const append = async (): Promise<void> => {
    while (next < EVENTS) {
      const count = Math.min(APPEND_EVENTS, EVENTS - next);
      const first = next;
      next += count;
      const stream = `s-${(first / APPEND_EVENTS) % STREAMS}`;
      await ledger.append(
        stream,
        Array.from({ length: count }, (_, i) => Counted({ n: (first + i) % 1_000 })),
      );
    }
  };
  await Promise.all(Array.from({ length: APPENDS }, append));
  return EVENTS;
}

interface Setting {
  pool: pg.Pool;
  ledger: Ledger;
  ledgerId: bigint;
  projections: ProjectionStore;
}

/** A worker's rounds, until the first build is live. */
async function buildFirst(on: Setting, projection: Projection): Promise<bigint> {
  for (;;) {
    const { projections, headPosition } = await on.projections.list(on.ledgerId);
    const record = projections.find(({ name }) => name === projection.name);
    if (record?.live != null) return record.live.position;
    await projectOnce(on, projection, record, headPosition);
  }
}

/** A replay while events arrive, the live build is kept, and its view is read: each read has all events or it fails. */
async function rebuild(on: Setting, projection: Projection, text: string): Promise<bigint> {
  const done = new AbortController();
  const beside = [appendOn(on, done.signal), keepLive(on, projection, done.signal), readOn(on, text, done.signal)];
  // What fails beside is not hidden by a replay that goes on.
  const replayed = await Promise.race([replayProjection(on, projection), Promise.all(beside)]);
  done.abort();
  await Promise.all(beside);
  if ("events" in replayed) return replayed.events;
  throw new Error("the replay ends first");
}

async function appendOn({ ledger }: Setting, done: AbortSignal): Promise<void> {
  for (let n = 0; !done.aborted && RATE > 0; n += 1) {
    await Promise.all([ledger.append(`s-${n % STREAMS}`, Counted({ n: 1 })), pause(1_000 / RATE)]);
  }
}

async function keepLive(on: Setting, projection: Projection, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    const { projections, headPosition } = await on.projections.list(on.ledgerId);
    const record = projections.find(({ name }) => name === projection.name);
    // The replay has the build that is on its way.
    if (record !== undefined) await projectOnce(on, projection, { ...record, building: null }, headPosition);
    await pause(200);
  }
}

async function readOn({ pool, ledgerId }: Setting, text: string, done: AbortSignal): Promise<void> {
  let last = 0n;
  while (!done.aborted) {
    const { rows } = await pool.query<{ events: string }>(text.replace("$views", `ledger_${ledgerId}`));
    const events = BigInt(rows[0]?.events ?? -1);
    if (events < last) throw new Error(`a read gave ${events} events after one of ${last}`);
    last = events;
    await pause(100);
  }
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

function report(all: readonly Measured[]): void {
  console.log(
    "| projection | | events | events/s | seconds | peak RSS of the process, MiB |\n|---|---|---|---|---|---|",
  );
  for (const [, list] of Map.groupBy(all, ({ projection, phase }) => `${projection} ${phase}`)) {
    const of = (key: "events" | "eventsPerSecond" | "seconds" | "peakRssMb"): number =>
      median(list.map((each) => each[key]));
    const [{ projection, phase } = { projection: "", phase: "" }] = list;
    const figures = [
      of("events"),
      of("eventsPerSecond").toFixed(0),
      of("seconds").toFixed(1),
      of("peakRssMb").toFixed(0),
    ];
    console.log(`| ${projection} | ${phase} | ${figures.join(" | ")} |`);
  }
  console.log(JSON.stringify({ events: EVENTS, rounds: ROUNDS, rate: RATE, measured: all }));
}

async function run(url: string): Promise<void> {
  await migrate(url);
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  // A connection that ends after its database is none of the figures' business.
  pool.on("error", () => undefined);
  const { vkey } = signerFromSeed(ORIGIN, sha256(utf8(ORIGIN)));
  const genesis = createGenesis({ origin: ORIGIN, vkey });
  const { ledgerId } = await openPostgresStore({ pool }).createLedger({ origin: ORIGIN, genesis, vkey });
  const connection = await connect({ database: pool });
  const ledger = await connection.ledger(ORIGIN, { events: [Counted] });
  const on: Setting = { pool, ledger, ledgerId, projections: openPostgresProjections(pool) };
  const all = [await measure("none", "fill", () => fill(ledger))];
  await pool.query("analyze");
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { what, projection, events } of PROJECTIONS) {
      all.push(await measure(what, "from zero", () => buildFirst(on, projection)));
      all.push(await measure(what, "rebuild while live", () => rebuild(on, projection, events)));
      const record = (await on.projections.list(ledgerId)).projections.find(({ name }) => name === projection.name);
      if (record?.live != null) await on.projections.dropBuild(record.live.buildId);
    }
  }
  report(all);
  await connection.close();
  await pool.end();
}

await withDatabase(run);
