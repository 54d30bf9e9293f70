import { sha256, signerFromSeed, utf8 } from "@eventchain/core";
import { openPostgresLog } from "@eventchain/store";
import { type Guard, type GuardHead, sealBatch } from "@eventchain/workers";
import pg from "pg";
import { createLedgers, fillLedger } from "../harness/fill-ledger.ts";
import { inChild } from "../harness/in-child.ts";
import type { BenchCase, Contender, OpenSuite, Sample, SuiteResults } from "../harness/types.ts";
import type { VerifyTask } from "../verify/verify-process.ts";

const EVENTS = 1_000_000;
const QUICK_EVENTS = 20_000;
const THREADS = [2, 1] as const;
const child = new URL("../verify/verify-process.ts", import.meta.url);

const caseOf = (events: number): string => `${events.toLocaleString("en-US")} events`;
const named = (threads: number): string => `eventchain, ${threads} thread${threads === 1 ? "" : "s"}`;

/** A ledger with every event sealed, and the tables as autovacuum leaves them. */
async function fill(databaseUrl: string, origin: string, events: number): Promise<void> {
  const [ledgerId] = await createLedgers(databaseUrl, origin);
  if (ledgerId === undefined) throw new Error("a ledger was made");
  await fillLedger(databaseUrl, origin, events);
  const pool = new pg.Pool({ connectionString: databaseUrl });
  try {
    const log = openPostgresLog(pool);
    const signer = signerFromSeed(origin, sha256(utf8(origin)));
    const guard = memoryGuard();
    for (;;) {
      const result = await sealBatch({ log, guard, signerFor: () => signer }, { ledgerId });
      if (result.kind !== "sealed") throw new Error(`the ledger was not sealed: ${result.kind}`);
      if (!result.more) break;
    }
    await pool.query("vacuum analyze");
  } finally {
    await pool.end();
  }
}

function memoryGuard(): Guard {
  const heads = new Map<string, GuardHead>();
  return {
    read: async (origin) => heads.get(origin),
    write: async (origin, next) => {
      heads.set(origin, next);
    },
    close: async () => undefined,
  };
}

async function sampleOf(exported: string, task: VerifyTask, more: object = {}): Promise<Sample> {
  const { result, peakRssMiB } = await inChild<number>(child, exported, { ...task, ...more });
  return { count: task.events, seconds: result, peakRssMiB };
}

function openCase(events: number, createDatabase: (name: string) => Promise<string>): BenchCase {
  const origin = `verify-${events}.bench`;
  const task: VerifyTask = { databaseUrl: "", origin, events };
  let filled: Promise<void> | undefined;
  const prepare = (): Promise<void> => {
    filled ??= createDatabase(`verify_${events}`).then(async (url) => {
      task.databaseUrl = url;
      await fill(url, origin, events);
    });
    return filled;
  };
  const ours = THREADS.map(
    (threads): Contender => ({
      name: named(threads),
      kind: "ours",
      prepare,
      run: () => sampleOf("verifyOnce", task, { threads }),
    }),
  );
  const bare: Contender = { name: "copy and sha256", kind: "bare", prepare, run: () => sampleOf("copyAndHash", task) };
  return { name: caseOf(events), x: events, contenders: [...ours, bare] };
}

export const suite: OpenSuite = async ({ isQuick, options, createDatabase }) => {
  const events = Number(options.get("events") ?? (isQuick ? QUICK_EVENTS : EVENTS));
  const sizes = [events / 10, events];
  const [few, many] = sizes.map(caseOf) as [string, string];
  const peak = (results: SuiteResults, name: string): number | undefined =>
    results.find(name, named(2))?.peakRssMiB?.median;
  return {
    name: "verify",
    title: "A whole ledger verified, from Postgres to the report",
    unit: "events/s",
    cases: sizes.map((size) => openCase(size, createDatabase)),
    xAxis: { label: "events", log: true },
    targets: [
      {
        id: "verify.rate",
        text: `${many} verified with both cores`,
        measure: (results) => results.find(many, named(2))?.rate.median,
        unit: "events/s",
        atLeast: 150_000,
      },
      {
        id: "verify.memory",
        text: `peak memory of the verifying process at ${many}, above that at ${few}: bounded`,
        measure: (results) => {
          const [most, least] = [peak(results, many), peak(results, few)];
          return most === undefined || least === undefined ? undefined : most - least;
        },
        unit: "MiB",
        atMost: 96,
      },
    ],
    notes: [
      "Each event has two tags and a row of commands; all are sealed, in one checkpoint for each 65,536; the chain is left out (offline), no node's answers are waited for.",
      "Verified is everything: canonical texts, all hashes, the log with its node tiles, checkpoints, times, versions, event_tags and commands. One run is one process; its memory is that process's.",
      "Threads check events beside the thread that reads them; with one thread that thread does both.",
      "Copy and sha256: COPY of the same columns in binary, and one SHA-256 over all its bytes, in one thread: reading and hashing alone.",
      "--events N: events of the greater case; the lesser one has a tenth.",
    ],
  };
};
