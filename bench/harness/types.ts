/** What every suite of the benchmark is made of. A suite has cases, a case has contenders, a contender is run once a round. */

/** What one run of one contender in one round gives. */
export interface Sample {
  /** How many of the suite's unit were done: events, commits, leaves, checks. */
  count: number;
  /** Seconds they took, by the monotonic clock. */
  seconds: number;
  /** Milliseconds of each single operation, where operations have a latency of their own. */
  latenciesMs?: readonly number[];
  /** Peak resident memory of the process that did the work, MiB. */
  peakRssMiB?: number;
  /** Whatever else is measured: bytes an event, gas, the slowest process's share of the mean … by name. */
  values?: Readonly<Record<string, number>>;
}

/** `ours`, another library that does the same job, or what the database, the chain or the runtime does bare. */
export type ContenderKind = "ours" | "peer" | "bare";

export interface Contender {
  /** As the tables show it: `eventchain`, `emmett`, `insert, one row` … */
  name: string;
  kind: ContenderKind;
  /** Of the npm package or server that is measured. */
  version?: string;
  /** Why this contender sits a case out; it is shown in the table and not run. */
  skip?: string;
  /** Before the first round: tables, data, connections, a warm-up. */
  prepare?(): Promise<void>;
  run(round: number): Promise<Sample>;
  /** After the last round. */
  close?(): Promise<void>;
}

export interface BenchCase {
  /** `128 callers`, `10,000,000 events` … Unique in the suite. */
  name: string;
  /** Where the plot puts it on its horizontal axis; without it the case is a group of bars. */
  x?: number;
  contenders: readonly Contender[];
  /** Rounds of this case where they differ from the run's. */
  rounds?: number;
}

/** One row of "to reach". */
export interface Target {
  /** `append.multi-row.128` … unique in the benchmark. */
  id: string;
  /** In words, as docs/performance.md has it. */
  text: string;
  /** What is compared with the bound. Undefined: not measured in this run, which is a verdict of its own. */
  measure(results: SuiteResults): number | undefined;
  /** `x`, `events/s`, `ms`, `MiB`, `gas`, `bytes` … */
  unit: string;
  atLeast?: number;
  atMost?: number;
}

export interface Suite {
  name: string;
  title: string;
  /** What a rate counts: `events/s`, `commits/s`, `leaves/s` … */
  unit: string;
  cases: readonly BenchCase[];
  targets: readonly Target[];
  /** Axis of `x`: its label, and whether it is logarithmic. */
  xAxis?: { label: string; log?: boolean };
  /** Sentences printed under the table: what is measured, with which settings. */
  notes?: readonly string[];
}

/** What a suite is built with. */
export interface BenchContext {
  /** A server for this run, empty but for what suites create on it; every suite makes databases of its own there. */
  serverUrl: string;
  /** Creates an empty database on it and gives its URL; all are dropped when the run ends. */
  createDatabase(name: string): Promise<string>;
  /** Less data and fewer rounds, to try that everything runs; figures of it are not kept. */
  isQuick: boolean;
  /** At least 5, or 2 where `isQuick`. */
  rounds: number;
  /** Options of the command line that the harness does not know: `--events 1000000`. */
  options: ReadonlyMap<string, string>;
  log(line: string): void;
}

/** `bench/suites/<name>.ts` exports it as `suite`. */
export type OpenSuite = (context: BenchContext) => Promise<Suite>;

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** One contender in one case, over all rounds. */
export interface ContenderResult {
  name: string;
  kind: ContenderKind;
  version?: string;
  skipped?: string;
  /** Units a second, for each round in order. */
  rates: readonly number[];
  rate: Spread;
  /** Of all operations of all rounds, milliseconds. */
  latencyMs?: { p50: number; p90: number; p99: number; max: number };
  peakRssMiB?: Spread;
  values: Readonly<Record<string, Spread>>;
}

export interface CaseResult {
  name: string;
  x?: number;
  contenders: readonly ContenderResult[];
}

/** The results of one suite, with what targets ask of them. */
export interface SuiteResults {
  suite: string;
  cases: readonly CaseResult[];
  /** Undefined where the case or contender is not there, or was skipped. */
  find(caseName: string, contender: string): ContenderResult | undefined;
  /** Median over the rounds of one contender's rate by another's in the same round: what noise disturbs least. */
  ratio(caseName: string, contender: string, by: string): number | undefined;
  /** The peer (not bare, not ours) with the highest median rate in a case. */
  bestPeer(caseName: string): ContenderResult | undefined;
}
