/** The order in which `npm run bench` runs them. */
export const SUITES = [
  "append",
  "hot",
  "processes",
  "replay",
  "project",
  "merkle",
  "seal",
  "verify",
  "anchor",
  "growth",
] as const;

type SuiteName = (typeof SUITES)[number];

const DEFAULT_ROUNDS = 5;
const QUICK_ROUNDS = 2;

export interface RunOptions {
  help: boolean;
  suites: readonly SuiteName[];
  isQuick: boolean;
  withPeers: boolean;
  rounds: number;
  options: ReadonlyMap<string, string>;
}

export const USAGE = `npm run bench -- [suite …] [options]

Measures EventChain beside its peers on one PostgreSQL server, interleaved in the same run, and judges the targets.
Suites (default: all): ${SUITES.join(" ")}

  --rounds N      rounds, every contender once in each; at least ${DEFAULT_ROUNDS} (the default), with --quick at least 1
  --quick         less data and ${QUICK_ROUNDS} rounds, to try that everything runs; keeps no results
  --no-peers      without the libraries of bench/package.json, which are otherwise installed when they are missing
  --NAME VALUE    an option of a suite, as its notes have it: --events 1000000
  --help

DATABASE_URL    a superuser's URL of a server to measure on; without it one is started for the run
TMPDIR          where that server keeps its data

Writes bench/results/<suite>.json and .svg, and bench/results/index.html from all that are there. Ends with 0 even where
a target is missed: only what fails is an error.`;

/** A command line that cannot be meant; its message says what, and what to do. */
export class UsageError extends Error {}

/** What the command line asks for. Throws a UsageError. */
export function readOptions(args: readonly string[]): RunOptions {
  const suites: SuiteName[] = [];
  const options = new Map<string, string>();
  const flags = { help: false, isQuick: false, withPeers: true };
  let rounds: number | undefined;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] as string;
    if (arg === "--help" || arg === "-h") flags.help = true;
    else if (arg === "--quick") flags.isQuick = true;
    else if (arg === "--no-peers") flags.withPeers = false;
    else if (arg.startsWith("-")) {
      const [, name, joined] = arg.match(/^--([a-z][a-z0-9-]*)(?:=(.*))?$/s) ?? [];
      const value = joined ?? args[i + 1];
      if (name === undefined) throw new UsageError(`${arg} is no option: options are --name value; see --help`);
      if (value === undefined || (joined === undefined && value.startsWith("--")))
        throw new UsageError(`--${name} has no value: give --${name} VALUE; see --help`);
      if (joined === undefined) i += 1;
      if (name === "rounds") rounds = readRounds(value);
      else options.set(name, value);
    } else if (isSuite(arg)) {
      if (!suites.includes(arg)) suites.push(arg);
    } else throw new UsageError(`there is no suite ${arg}: name some of ${SUITES.join(", ")}, or none for all`);
  }
  if (rounds !== undefined && rounds < DEFAULT_ROUNDS && !flags.isQuick)
    throw new UsageError(
      `--rounds ${rounds} is less than ${DEFAULT_ROUNDS}: too few to tell noise; add --quick to try`,
    );
  return {
    ...flags,
    suites: suites.length === 0 ? SUITES : SUITES.filter((name) => suites.includes(name)),
    rounds: rounds ?? (flags.isQuick ? QUICK_ROUNDS : DEFAULT_ROUNDS),
    options,
  };
}

function isSuite(name: string): name is SuiteName {
  return (SUITES as readonly string[]).includes(name);
}

function readRounds(value: string): number {
  if (!/^[1-9]\d{0,3}$/.test(value)) throw new UsageError(`--rounds ${value} is no count: give 1 … 9999`);
  return Number(value);
}
