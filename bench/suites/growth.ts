import pg from "pg";
import { measureCalls, measureWindows } from "../growth/measure-calls.ts";
import { measureSpace } from "../growth/measure-space.ts";
import { type GrownLedger, type Growth, openGrowth, SHARED_FROM } from "../growth/open-growth.ts";
import { CALLERS, type Run, runAppend, runConditional, runFind, runProve, runSeal, runStream } from "../growth/runs.ts";
import { type BenchEvent, benchEvent } from "../harness/events.ts";
import { appendEvent } from "../harness/fill-ledger.ts";
import type { BenchCase, BenchContext, Contender, OpenSuite, SuiteResults, Target } from "../harness/types.ts";
import { type BareAppender, openUnnest } from "../peers/bare-groups.ts";

const APPEND = "append, 128 callers";
const IDLE = "beside an idle snapshot";
const DEFAULT_EVENTS = 1_000_000;
const QUICK_EVENTS = 10_000;
const DEFAULT_IDLE_MINUTES = 2;

/** Calls of one run. */
interface Counts {
  appends: number;
  conditional: number;
  reads: number;
  proofs: number;
  sealed: number;
}

const COUNTS: Counts = { appends: 20_000, conditional: 10_000, reads: 10_000, proofs: 1_000, sealed: 20_000 };
const QUICK_COUNTS: Counts = { appends: 2_000, conditional: 1_000, reads: 1_000, proofs: 100, sealed: 2_000 };

const caseOf = (size: number): string => `${size.toLocaleString("en-US")} events`;

/** 1,000, 10,000 … up to the most. */
function sizesTo(most: number): number[] {
  const sizes: number[] = [];
  for (let size = 1_000; size <= most; size *= 10) sizes.push(size);
  if (sizes.length === 0) throw new Error(`--events ${most} is less than 1,000`);
  return sizes;
}

function readNumber(options: BenchContext["options"], name: string, otherwise: number): number {
  const value = Number(options.get(name) ?? otherwise);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} ${options.get(name)} is no number above 0`);
  return value;
}

/** Events of one call that fills the bare table. */
const BARE_FILL = 10_000;

/** The databases are there from the first contender that is prepared to the end of the last case. */
interface Shared {
  growth(): Promise<Growth>;
  /** A plain table that grows likewise, but for what ours keeps of smaller sizes. */
  bare(size: number): Promise<{ append(): Promise<unknown> }>;
  close(): Promise<void>;
}

function shareGrowth(context: BenchContext): Shared {
  let opened: Promise<Growth> | undefined;
  let table: Promise<BareAppender> | undefined;
  let rows = 0;
  const next = (): BenchEvent => {
    rows += 1;
    return benchEvent("bare", rows);
  };
  return {
    growth() {
      opened ??= context.createDatabase("growing").then((url) => openGrowth(url, context.isQuick ? 1_000 : undefined));
      return opened;
    },
    async bare(size) {
      table ??= context.createDatabase("bare").then(openUnnest);
      const on = await table;
      while (rows < size) await on.fill(Array.from({ length: Math.min(BARE_FILL, size - rows) }, next));
      return { append: () => on.append(next()) };
    },
    async close() {
      await (await opened)?.close();
      await (await table)?.close();
    },
  };
}

function sizeCase(context: BenchContext, shared: Shared, size: number): BenchCase {
  const counts = context.isQuick ? QUICK_COUNTS : COUNTS;
  let space: Promise<number> | undefined;
  async function bytesPerEvent(growth: Growth): Promise<number> {
    const measured = await measureSpace(growth.pool);
    context.log(`\n${measured.table}\n`);
    return measured.bytesPerEvent;
  }
  /** `grows`: what the run appends would make a short ledger a longer one for the next, so that each round has its own. */
  function contender(name: string, run: Run, grows = false): Contender {
    const ledgers: GrownLedger[] = [];
    return {
      name,
      kind: "ours",
      async prepare() {
        const growth = await shared.growth();
        const isOwn = grows && size < SHARED_FROM;
        for (let round = 0; round < (isOwn ? context.rounds : 1); round += 1)
          ledgers.push(await (isOwn ? growth.make(size) : growth.open(size)));
      },
      async run(round) {
        return run((ledgers[round] ?? ledgers[0]) as GrownLedger, await shared.growth());
      },
    };
  }
  const append: Run = async (on, growth) => {
    space ??= bytesPerEvent(growth);
    const values = { "bytes an event": await space };
    return { ...(await runAppend(counts.appends)(on, growth)), values };
  };
  const contenders = [
    contender(APPEND, append, true),
    contender("append on a condition, 128 callers", runConditional(counts.conditional), true),
    contender("find by position, 16 callers", runFind("position", counts.reads)),
    contender("find by id, 16 callers", runFind("id", counts.reads)),
    contender("first event of a stream, 16 callers", runStream(counts.reads)),
    contender("prove, 8 callers", runProve(counts.proofs)),
    contender("seal", runSeal(counts.sealed), true),
    bareContender(shared, size, counts.appends),
  ];
  return { name: caseOf(size), x: size, contenders };
}

/** Bare rows of the same events, without tags, commands, hashes and locks: what growth costs the server itself. */
function bareContender(shared: Shared, size: number, count: number): Contender {
  return {
    name: "insert, multi-row, plain table",
    kind: "bare",
    prepare: async () => void (await shared.bare(size)),
    async run() {
      const { append } = await shared.bare(size);
      return measureCalls(CALLERS, count, append);
    },
  };
}

/** Appends to the longest ledger while another connection keeps a snapshot and does nothing. */
function idleCase(context: BenchContext, shared: Shared, size: number, minutes: number): BenchCase {
  const windows = Math.max(2, Math.round(minutes));
  const windowMs = (minutes * 60_000) / windows;
  return {
    name: IDLE,
    rounds: 1,
    contenders: [
      {
        name: APPEND,
        kind: "ours",
        prepare: async () => void (await (await shared.growth()).open(size)),
        async run() {
          const growth = await shared.growth();
          const on = await growth.open(size);
          const idle = new pg.Client({ connectionString: growth.databaseUrl });
          await idle.connect();
          try {
            await idle.query("begin isolation level repeatable read");
            await idle.query("select count(*) from eventchain.ledgers");
            const { sample, perWindow } = await measureWindows(CALLERS, windows, windowMs, () =>
              appendEvent(on.ledger, on.next()),
            );
            const rates = perWindow.map((count) => (count * 1_000) / windowMs);
            context.log(`events/s in each ${windowMs / 1_000} s: ${rates.map((rate) => Math.round(rate)).join(", ")}`);
            const [first = Number.NaN, last = Number.NaN] = [rates[0], rates.at(-1)];
            return { ...sample, values: { "first window": first, "last window": last, "last by first": last / first } };
          } finally {
            await idle.end();
          }
        },
        close: () => shared.close(),
      },
    ],
  };
}

function targetsFor(most: number, minutes: number): Target[] {
  const at = (results: SuiteResults, size: number): number | undefined =>
    results.find(caseOf(size), APPEND)?.rate.median;
  return [
    {
      id: "growth.append",
      text: `append at ${caseOf(most)} by append at 1,000 events (to reach: at 10 million)`,
      measure(results) {
        const [least, greatest] = [at(results, 1_000), at(results, most)];
        return least === undefined || greatest === undefined || most === 1_000 ? undefined : greatest / least;
      },
      unit: "x",
      atLeast: 0.8,
    },
    {
      id: "growth.idle",
      text: `no loss beside an idle snapshot: the last by the first of ${Math.max(2, Math.round(minutes))} parts of ${minutes} minutes (to reach: 10), less noise`,
      measure: (results) => results.find(IDLE, APPEND)?.values["last by first"]?.median,
      unit: "x",
      atLeast: 0.95,
    },
    {
      id: "growth.bytes",
      text: `bytes an event in tables and indexes at ${caseOf(most)}`,
      measure: (results) => results.find(caseOf(most), APPEND)?.values["bytes an event"]?.median,
      unit: "bytes",
      atMost: 1_100,
    },
  ];
}

export const suite: OpenSuite = async (context) => {
  const most = readNumber(context.options, "events", context.isQuick ? QUICK_EVENTS : DEFAULT_EVENTS);
  const minutes = readNumber(context.options, "idle-minutes", context.isQuick ? 0.2 : DEFAULT_IDLE_MINUTES);
  const shared = shareGrowth(context);
  const sizes = sizesTo(most);
  const largest = sizes.at(-1) ?? 1_000;
  return {
    name: "growth",
    title: "A ledger that grows",
    unit: "a second",
    xAxis: { label: "events in the ledger", log: true },
    cases: [...sizes.map((size) => sizeCase(context, shared, size)), idleCase(context, shared, largest, minutes)],
    targets: targetsFor(largest, minutes),
    notes: [
      "All in one database. From 100,000 events on it is one ledger that grows from size to size, and by what is measured; below, each run that appends has a new one.",
      "Events with two tags and a command row each; the database is filled and sealed as an application and its workers do. A condition names an order's tag and a type, after the newest position known.",
      "find, first event and prove take random events; each proof is checked before it is given out. seal takes 20,000 new events from the database to a signed checkpoint.",
      "--events 10000000 grows it to ten million (default: one); --idle-minutes 10 keeps the idle snapshot that long (default: 2).",
    ],
  };
};
