// `npm run bench -- [suite …] [options]`: see USAGE.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describeEnvironment, type Environment, printEnvironment } from "./harness/describe-environment.ts";
import { type Judgement, judge } from "./harness/judge-targets.ts";
import { type BenchServer, openServer } from "./harness/open-server.ts";
import { printCase, printTargets } from "./harness/print-tables.ts";
import { type RunOptions, readOptions, USAGE, UsageError } from "./harness/read-options.ts";
import { runSuite } from "./harness/run-suite.ts";
import type { BenchContext, OpenSuite } from "./harness/types.ts";
import { writeResults } from "./harness/write-results.ts";
import { arePeersInstalled, installPeers } from "./peers/install-peers.ts";
import { leaveOutPeers, listPeers } from "./peers/load-peer.ts";

const log = (line: string): void => console.log(line);

/** Throws before anything is started if one is not there. */
async function openSuites(names: RunOptions["suites"]): Promise<Map<string, OpenSuite>> {
  const opened = new Map<string, OpenSuite>();
  for (const name of names) {
    const file = join(import.meta.dirname, "suites", `${name}.ts`);
    if (!existsSync(file))
      throw new UsageError(`the suite ${name} is not there: bench/suites/${name}.ts has to export it as suite`);
    const { suite } = (await import(file)) as { suite?: OpenSuite };
    if (suite === undefined) throw new UsageError(`bench/suites/${name}.ts exports no suite`);
    opened.set(name, suite);
  }
  return opened;
}

async function preparePeers({ withPeers }: RunOptions): Promise<void> {
  if (!withPeers) leaveOutPeers();
  else if (!arePeersInstalled()) {
    log("installing the peers of bench/package.json into bench/.peers (npm ci; --no-peers goes without) …");
    await installPeers();
  }
}

interface Run {
  options: RunOptions;
  server: BenchServer;
  environment: Environment;
  signal: AbortSignal;
}

async function runOne(
  name: string,
  open: OpenSuite,
  run: Run,
): Promise<{ judgements: Judgement[]; failures: string[] }> {
  const { options, server, environment, signal } = run;
  const { rounds, isQuick } = options;
  const context: BenchContext = {
    serverUrl: server.url,
    createDatabase: (database) => server.createDatabase(`${name}_${database}`),
    isQuick,
    rounds,
    options: options.options,
    log,
  };
  const suite = await open(context);
  log(`\n## ${suite.title}\n`);
  const { results, failures } = await runSuite(suite, { rounds, log, signal }, (result) =>
    log(`${printCase(result, suite.unit)}\n`),
  );
  const { title, unit, xAxis, notes = [] } = suite;
  for (const note of notes) log(note);
  const judgements = suite.targets.map((target) => judge(target, results));
  // Half a result is none.
  if (!isQuick && failures.length === 0)
    writeResults({
      suite: name,
      title,
      unit,
      rounds,
      ...(xAxis === undefined ? {} : { xAxis }),
      notes,
      options: Object.fromEntries(options.options),
      environment,
      cases: results.cases,
      targets: judgements,
    });
  return { judgements, failures: failures.map((failure) => `${name}: ${failure}`) };
}

async function runAll(options: RunOptions, signal: AbortSignal): Promise<readonly string[]> {
  const suites = await openSuites(options.suites);
  await preparePeers(options);
  const server = await openServer(process.env.DATABASE_URL);
  const judgements: Judgement[] = [];
  const failures: string[] = [];
  try {
    const environment = await describeEnvironment(server, listPeers());
    log(printEnvironment(environment));
    log(`rounds    ${options.rounds}${options.isQuick ? ", quick: figures are not kept" : ""}`);
    for (const [name, open] of suites) {
      const done = await runOne(name, open, { options, server, environment, signal });
      judgements.push(...done.judgements);
      failures.push(...done.failures);
    }
  } finally {
    await server.close();
  }
  if (judgements.length > 0) log(`\n${printTargets(judgements)}`);
  return failures;
}

/** The first Ctrl-C ends the run after the step that is under way, and cleans up; the second one ends it at once. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      log(`${name}: ending after the step under way; once more ends at once`);
      controller.abort(new Error(`interrupted by ${name}`));
    });
  return controller.signal;
}

const signal = interruptible();
try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) log(USAGE);
  else {
    const failures = await runAll(options, signal);
    for (const failure of failures) console.error(`failed: ${failure}`);
    process.exitCode = failures.length === 0 ? 0 : 1;
  }
} catch (error) {
  const isPlain = error instanceof UsageError || error === signal.reason;
  console.error(isPlain ? `bench: ${(error as Error).message}` : error);
  process.exitCode = 1;
}
