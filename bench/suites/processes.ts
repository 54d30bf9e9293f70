import { readNumbers } from "../harness/read-numbers.ts";
import type { BenchCase, BenchContext, Contender, OpenSuite, Sample, SuiteResults } from "../harness/types.ts";
import { BARE, installStore, OURS, PEERS } from "../processes/open-store.ts";
import { type Processes, startProcesses } from "../processes/start-processes.ts";

const PROCESSES = "1,2,4,8";
const CALLERS = 4;
const SECONDS = "4";
const QUICK_SECONDS = "0.5";
/** Each of 8 processes on a few cores is slow to compile what it runs. */
const WARM_SECONDS = 4;

const caseName = (processes: number): string => (processes === 1 ? "1 process" : `${processes} processes`);

async function measure(processes: Processes, round: string, seconds: number): Promise<Sample> {
  const runs = await processes.run(round, CALLERS, seconds);
  const rates = runs.map((run) => run.count / run.seconds);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  return {
    count: runs.reduce((sum, { count }) => sum + count, 0),
    seconds: Math.max(...runs.map((run) => run.seconds)),
    latenciesMs: runs.flatMap(({ latenciesMs }) => [...latenciesMs]),
    values: { slowestShare: Math.min(...rates) / mean },
  };
}

function contender(
  head: Pick<Contender, "name" | "kind" | "version" | "skip">,
  context: BenchContext,
  count: number,
): Contender {
  const [seconds = 0] = readNumbers(context, "seconds", context.isQuick ? QUICK_SECONDS : SECONDS);
  let processes: Processes | undefined;
  return {
    ...head,
    async prepare() {
      const database = `${head.name.replace(/[^a-z0-9]+/g, "_")}_${count}`;
      const databaseUrl = await context.createDatabase(database);
      await installStore(head.name, databaseUrl);
      processes = await startProcesses(count, head.name, databaseUrl, CALLERS);
      await processes.run("warm", CALLERS, Math.min(seconds, WARM_SECONDS));
    },
    async run(round) {
      if (processes === undefined) throw new Error("it is prepared first");
      return measure(processes, `round ${round}`, seconds);
    },
    close: async () => processes?.close(),
  };
}

function processesCase(context: BenchContext, count: number): BenchCase {
  const peers = PEERS.map(({ name, version, skip }) =>
    contender({ name, kind: "peer", ...(version && { version }), ...(skip && { skip }) }, context, count),
  );
  const ours = contender({ name: OURS, kind: "ours" }, context, count);
  return {
    name: caseName(count),
    x: count,
    contenders: [ours, ...peers, contender({ name: BARE, kind: "bare" }, context, count)],
  };
}

function byBestPeer(results: SuiteResults): number | undefined {
  const peer = results.bestPeer(caseName(8));
  return peer && results.ratio(caseName(8), OURS, peer.name);
}

/**
 * Several processes append to random streams of one database at the same time, each with a connection pool of its own.
 * Options: `--processes 1,2,4,8`, `--seconds 4` of a run.
 */
export const suite: OpenSuite = async (context) => ({
  name: "processes",
  title: "Many processes, 4 callers each",
  unit: "events/s",
  xAxis: { label: "processes", log: true },
  cases: readNumbers(context, "processes", PROCESSES).map((count) => processesCase(context, count)),
  targets: [
    {
      id: "processes.best-peer.8",
      text: "8 processes with 4 callers each: events/s by the best peer's",
      unit: "x",
      atLeast: 1,
      measure: byBestPeer,
    },
    {
      id: "processes.slowest.8",
      text: "8 processes with 4 callers each: the slowest process's rate by the mean",
      unit: "x",
      atLeast: 0.7,
      measure: (results) => results.find(caseName(8), OURS)?.values.slowestShare?.median,
    },
  ],
  notes: [
    "One event for each append, streams at random; all processes share one database, and ours one ledger, whose lock they take in turns.",
    "slowestShare: the rate of the slowest process by the mean of all.",
  ],
});
