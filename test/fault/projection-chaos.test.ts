// Processes that run projections are killed at any moment while events come, through changes of version; at the end each
// table is what a fresh replay gives. The long form: CHAOS_EVENTS=1000000 CHAOS_KILLS=100, with
// WITHOUT=by-event where a statement for each event takes too long; CHAOS_SEED=… repeats one.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect, type Projection, replayProjection } from "@eventchain/ledger";
import { openPostgresProjections, openPostgresStore, type ProjectionStore } from "@eventchain/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COUNTING_READS, Counted, countingProjections } from "../support/counting-config.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";

const EVENTS = Number(process.env.CHAOS_EVENTS ?? 20_000);
const KILLS = Number(process.env.CHAOS_KILLS ?? 10);
const SEED = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Events of one append: few enough for inline projections to meet kills of the others. */
const APPEND = Math.max(50, Math.ceil(EVENTS / 4_000));
const STREAMS = 200;
/** As the processes that are killed have it. */
const { WITHOUT } = process.env;
const NAMES = Object.keys(COUNTING_READS).filter((name) => name !== WITHOUT);
const LAST_VERSION = KILLS < 20 ? 2 : 4;

const program = fileURLToPath(new URL("../support/project-process.ts", import.meta.url));
const config = fileURLToPath(new URL("../support/counting-config.ts", import.meta.url));

let database: TestDatabase;
let ledgerId: bigint;
let origin: string;
let projections: ProjectionStore;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  database = await createTestDatabase();
  ({ ledgerId, origin } = await createLedger(openPostgresStore({ pool: database.pool })));
  projections = openPostgresProjections(database.pool);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await database.drop();
});

const wanted = (): Projection[] =>
  Object.values(countingProjections(LAST_VERSION)).filter(({ name }) => name !== WITHOUT);

/** Numbers from 0 to below 1 that follow from the seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function start(version: number): ChildProcess {
  const env = { ...process.env, VERSION: String(version) };
  const child = spawn(process.execPath, [program, database.url, config], { env, stdio: ["ignore", "pipe", "ignore"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

/** Resolves when a process works; throws where it ends before. */
async function started(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit").then(([code]) => `a process ended with ${code} before it had started`);
  const problem = await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), ended]);
  if (typeof problem === "string") throw new Error(problem);
}

async function end(child: ChildProcess, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

/** How far appends and kills have come. */
interface Done {
  events: number;
  kills: number;
}

async function appendAll(random: () => number, done: Done): Promise<void> {
  await using connection = await connect({ database: database.url, maxConnections: 4 });
  // Inline projections of a version that workers swap in meanwhile: appends keep it, or leave it to them.
  const ledger = await connection.ledger(origin, {
    events: [Counted],
    projections: wanted(),
  });
  const one = async (): Promise<void> => {
    while (done.events < EVENTS) {
      // No faster than the kills, so that they meet appends to the end.
      if (done.events / EVENTS > (done.kills + 1) / KILLS) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      done.events += APPEND;
      const stream = `s-${Math.floor(random() * STREAMS)}`;
      await ledger.append(
        stream,
        Array.from({ length: APPEND }, () => Counted({ n: Math.floor(random() * 1000) })),
      );
    }
  };
  await Promise.all(Array.from({ length: 4 }, one));
}

/** Whether each projection has this version, or a later one, live. */
async function isLive(version: number): Promise<boolean> {
  const { projections: records } = await projections.list(ledgerId);
  return records.length === NAMES.length && records.every(({ live }) => live !== null && live.version >= version);
}

async function killAtRandom(random: () => number, done: Done): Promise<void> {
  let version = 1;
  let lives = 0;
  while (done.kills < KILLS || version < LAST_VERSION) {
    // Each version is swapped in before the next one is deployed, however many kills it takes.
    if (done.kills >= (version * KILLS) / LAST_VERSION && (await isLive(version))) {
      version += 1;
      lives = 0;
    }
    // At times two at once, and at times one of the version before: a deployment that is on its way.
    const versions = [version, ...(random() < 0.5 ? [Math.max(1, version - Math.floor(random() * 2))] : [])];
    const pair = versions.map(start);
    await Promise.race(pair.map(started));
    // Longer each time: on a slow machine one batch may take more than the first few lives.
    lives += 1;
    await new Promise((resolve) => setTimeout(resolve, random() * 400 * (1 + lives)));
    await Promise.all(pair.map((child) => end(child, "SIGKILL")));
    done.kills += pair.length;
  }
}

async function rowsOf(name: string): Promise<unknown[]> {
  return (await database.pool.query((COUNTING_READS[name] ?? "").replaceAll("$views", `ledger_${ledgerId}`))).rows;
}

async function untilAllLive(position: bigint): Promise<void> {
  for (;;) {
    const { projections: records } = await projections.list(ledgerId);
    const reasons = records
      .flatMap(({ live, building }) => [live?.reason, building?.reason])
      .filter((reason) => reason != null);
    expect(reasons).toEqual([]);
    const done = records.filter(
      ({ live, building, retired }) =>
        live?.version === LAST_VERSION && live.position === position && building === null && retired.length === 0,
    );
    if (done.length === NAMES.length) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test(
  "projections killed at any moment equal a fresh replay",
  async () => {
    console.info(`CHAOS_EVENTS=${EVENTS} CHAOS_KILLS=${KILLS} CHAOS_SEED=${SEED}`);
    const random = randomFrom(SEED);
    const done: Done = { events: 0, kills: 0 };
    await Promise.all([appendAll(randomFrom(SEED + 1), done), killAtRandom(random, done)]);
    const last = start(LAST_VERSION);
    const position = BigInt(done.events);
    await untilAllLive(position);
    await end(last, "SIGTERM");
    const truth = await database.pool.query(
      `select stream, count(*) as events, sum((data->>'n')::bigint)::bigint as sum
     from eventchain.events where ledger_id = $1 group by stream order by stream`,
      [ledgerId],
    );
    for (const projection of wanted()) {
      const kept = await rowsOf(projection.name);
      const { streams } = projection.where;
      expect(kept, projection.name).toEqual(truth.rows.filter(({ stream }) => streams?.includes(stream) ?? true));
      await replayProjection({ ledgerId, projections }, projection);
      expect(await rowsOf(projection.name), projection.name).toEqual(kept);
    }
    // Nothing that was killed has left a schema behind.
    const { rows } = await database.pool.query(
      "select count(*)::int as n from pg_namespace where nspname like 'ledger\\_%\\_build\\_%'",
    );
    expect(rows).toEqual([{ n: NAMES.length }]);
  },
  600_000 + 2 * EVENTS,
);
