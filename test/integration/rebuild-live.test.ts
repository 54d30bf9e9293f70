// New versions of projections are built and swapped in while 500 events a second arrive. The long form: REBUILD_SECONDS=60.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { connect, replayProjection } from "@eventchain/ledger";
import { openPostgresProjections, openPostgresStore, type ProjectionStore } from "@eventchain/store";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COUNTING_READS, Counted, countingProjections } from "../support/counting-config.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createLedger } from "../support/ledger-workers.ts";

const SECONDS = Number(process.env.REBUILD_SECONDS ?? 6);
const EVENTS_A_SECOND = 500;
const APPENDS_A_SECOND = 50;
const STREAMS = 100;
/** With the columns of the one before, and with others. */
const MIN_SWAPS = 2;
/** How long one version may take to be swapped in, and its reactions to be done. */
const WAIT_MS = 60_000;
/** Its statement for each event would lag behind others' work on a busy machine. */
const WITHOUT = "by-event";
const NAMES = Object.keys(COUNTING_READS).filter((name) => name !== WITHOUT);
/** An append that finds so many before it waits: on a slow machine events come as fast as they can. */
const MOST_WAITING = 25;

const program = fileURLToPath(new URL("../support/project-process.ts", import.meta.url));
const config = fileURLToPath(new URL("../support/counting-config.ts", import.meta.url));

let database: TestDatabase;
let ledgerId: bigint;
let origin: string;
let projections: ProjectionStore;
const children = new Set<ChildProcess>();
/** Processes that ended without being told to. */
const lost: string[] = [];
/** How often the reaction ran, by position. */
const effects = new Map<string, number>();

beforeAll(async () => {
  database = await createTestDatabase();
  ({ ledgerId, origin } = await createLedger(openPostgresStore({ pool: database.pool })));
  projections = openPostgresProjections(database.pool);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await database.drop();
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const wanted = (version: number) => Object.values(countingProjections(version)).filter(({ name }) => name !== WITHOUT);

/** A deployment's process. */
function deploy(version: number): { stop(): Promise<void> } {
  const env = { ...process.env, VERSION: String(version), WITHOUT };
  const child = spawn(process.execPath, [program, database.url, config, "project", "react"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [what, position = ""] = line.split(" ");
    if (what === "effect") effects.set(position, (effects.get(position) ?? 0) + 1);
  });
  let stopping = false;
  const closed = once(child, "close").then(([code]) => {
    children.delete(child);
    if (!stopping) lost.push(`version ${version} ended with ${code}`);
  });
  return {
    async stop() {
      stopping = true;
      child.kill("SIGTERM");
      await closed;
    },
  };
}

async function untilLive(version: number, position = 0n): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS;
  for (;;) {
    expect(lost).toEqual([]);
    const { projections: records } = await projections.list(ledgerId);
    if (performance.now() > deadlineMs)
      throw new Error(`version ${version} is not live: ${inspect(records, { depth: 3 })}`);
    for (const { building } of records) expect(building?.reason ?? null).toBeNull();
    const live = records.filter((record) => record.live?.version === version && record.live.position >= position);
    if (live.length === NAMES.length && records.every(({ building }) => building === null)) return;
    await sleep(20);
  }
}

/** Events with every column that all versions have, and how far the build that is read has come: one statement. */
function readOf(name: string): string {
  const rows = (COUNTING_READS[name] ?? "").replaceAll("$views", `ledger_${ledgerId}`);
  return `select (select coalesce(sum(r.events), 0) from (${rows}) r)::text as events, b.position::text as position
    from eventchain.projections p join eventchain.projection_builds b on b.build_id = p.live_build
    where p.ledger_id = ${ledgerId} and p.name = '${name}'`;
}

/** What one reader saw. */
interface Seen {
  reads: number;
  maxMs: number;
  problems: string[];
}

/** Reads until it is told to stop: by plain statements, by prepared ones, or two reads in a transaction. */
async function readOn(how: "plain" | "prepared" | "transaction", stop: AbortSignal): Promise<Seen> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const seen: Seen = { reads: 0, maxMs: 0, problems: [] };
  const last = new Map<string, bigint>();
  const read = async (name: string): Promise<void> => {
    const startMs = performance.now();
    const query = how === "prepared" ? { name, text: readOf(name) } : readOf(name);
    const { rows } = await client.query(query);
    seen.maxMs = Math.max(seen.maxMs, performance.now() - startMs);
    seen.reads += 1;
    const [events, position] = [BigInt(rows[0]?.events ?? -1), BigInt(rows[0]?.position ?? -2)];
    if (events !== position) seen.problems.push(`${name}: ${events} events at position ${position}`);
    if (events < (last.get(name) ?? 0n)) seen.problems.push(`${name}: ${events} events after ${last.get(name)}`);
    last.set(name, events);
  };
  while (!stop.aborted && seen.problems.length < 10) {
    try {
      for (const name of NAMES) {
        if (how === "transaction") await client.query("begin");
        await read(name);
        if (how === "transaction") {
          await read(name);
          await client.query("commit");
        }
      }
    } catch (error) {
      seen.problems.push(`${how}: ${error instanceof Error ? error.message : String(error)}`);
      await client.query("rollback").catch(() => undefined);
    }
    await sleep(2);
  }
  await client.end();
  return seen;
}

/** Each with the same columns as the one before it, or with others, in turn. */
function* versions(): Generator<number> {
  for (let version = 1; ; version += version % 3 === 1 ? 2 : 1) yield version;
}

test(
  "while versions are swapped reads never fail, nothing is lost or doubled, and reactions run once",
  async () => {
    await using connection = await connect({ database: database.url });
    const open = (version: number) => connection.ledger(origin, { events: [Counted], projections: wanted(version) });
    const all = versions();
    let version = all.next().value;
    let running = deploy(version);
    let ledger = await open(version);
    await untilLive(version);

    const stop = new AbortController();
    const readers = (["plain", "prepared", "transaction"] as const).map((how) => readOn(how, stop.signal));
    const startMs = performance.now();
    const endMs = startMs + SECONDS * 1000;
    const enough = new AbortController();
    const appending = (async () => {
      let count = 0;
      let appends = 0;
      const waiting = new Set<Promise<unknown>>();
      while (!enough.signal.aborted) {
        const due = Math.floor(((performance.now() - startMs) / 1000) * APPENDS_A_SECOND);
        while (appends < due && waiting.size < MOST_WAITING) {
          const list = Array.from({ length: EVENTS_A_SECOND / APPENDS_A_SECOND }, () => Counted({ n: count++ }));
          const append = ledger.append(`s-${appends++ % STREAMS}`, list);
          waiting.add(append);
          void append.then(() => waiting.delete(append));
        }
        await sleep(5);
      }
      await Promise.all(waiting);
      return count;
    })();
    let swaps = 0;
    while (performance.now() < endMs || swaps < MIN_SWAPS) {
      version = all.next().value;
      const next = deploy(version);
      await untilLive(version);
      swaps += 1;
      ledger = await open(version);
      await running.stop();
      running = next;
    }
    enough.abort();
    const count = await appending;
    await untilLive(version, BigInt(count));
    stop.abort();
    const seen = await Promise.all(readers);
    const { rows } = await database.pool.query<{ position: string }>(
      "select position::text from eventchain.events where ledger_id = $1 and stream like '%0' order by position",
      [ledgerId],
    );
    const deadlineMs = performance.now() + WAIT_MS;
    while (effects.size < rows.length && performance.now() < deadlineMs) await sleep(20);
    await running.stop();

    const reads = seen.reduce((sum, each) => sum + each.reads, 0);
    const slowest = Math.round(Math.max(...seen.map(({ maxMs }) => maxMs)));
    console.info(
      `${count} events in ${Math.round((performance.now() - startMs) / 1000)} s, ${swaps} versions of ${NAMES.length} projections, ${reads} reads, slowest ${slowest} ms`,
    );
    expect(seen.flatMap(({ problems }) => problems)).toEqual([]);
    expect([...effects.keys()].sort()).toEqual(rows.map(({ position }) => position).sort());
    expect([...effects.values()].filter((times) => times !== 1)).toEqual([]);
    for (const projection of wanted(version)) {
      const rows = (COUNTING_READS[projection.name] ?? "").replaceAll("$views", `ledger_${ledgerId}`);
      const kept = (await database.pool.query(rows)).rows;
      await replayProjection({ ledgerId, projections }, projection);
      expect((await database.pool.query(rows)).rows, projection.name).toEqual(kept);
    }
  },
  180_000 + SECONDS * 2_000,
);
