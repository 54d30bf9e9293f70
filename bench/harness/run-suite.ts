import { openResults, summarise } from "./collect-results.ts";
import type { BenchCase, BenchContext, CaseResult, Contender, Sample, Suite, SuiteResults } from "./types.ts";

/** Whose turn it is: the contenders of a round, each round beginning with another, so that nobody is always first. */
export function orderOf<T>(contenders: readonly T[], round: number): T[] {
  const first = contenders.length === 0 ? 0 : round % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}

export interface SuiteRun {
  results: SuiteResults;
  /** What broke: `128 callers: emmett: connection refused`. Empty where all went well. */
  failures: readonly string[];
}

interface Standing {
  contender: Contender;
  samples: Sample[];
  skipped?: string | undefined;
}

/**
 * Runs the cases of a suite in order, in each round every contender once. A contender that throws sits the rest of its
 * case out and is named in `failures`; the others go on.
 *
 * @param onCase told of each case as soon as it is done
 * @throws the signal's reason, between two runs
 */
export async function runSuite(
  suite: Suite,
  context: Pick<BenchContext, "rounds" | "log"> & { signal: AbortSignal },
  onCase: (result: CaseResult) => void,
): Promise<SuiteRun> {
  const cases: CaseResult[] = [];
  const failures: string[] = [];
  for (const each of suite.cases) {
    const result = await runCase(each, context, failures);
    cases.push(result);
    onCase(result);
  }
  return { results: openResults(suite.name, cases), failures };
}

async function runCase(
  { name, x, contenders, rounds }: BenchCase,
  context: Pick<BenchContext, "rounds" | "log"> & { signal: AbortSignal },
  failures: string[],
): Promise<CaseResult> {
  const standings: Standing[] = contenders.map((contender) => ({
    contender,
    samples: [],
    skipped: contender.skip,
  }));
  async function attempt(standing: Standing, what: () => Promise<void>): Promise<void> {
    context.signal.throwIfAborted();
    if (standing.skipped !== undefined) return;
    try {
      await what();
    } catch (error) {
      // What was interrupted has not failed.
      context.signal.throwIfAborted();
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      standing.skipped = `failed: ${error instanceof Error ? error.message : String(error)}`;
      failures.push(`${name}: ${standing.contender.name}: ${message}`);
      context.log(`  FAILED ${standing.contender.name}: ${message}`);
    }
  }
  const prepared: Contender[] = [];
  try {
    for (const standing of standings) {
      await attempt(standing, async () => {
        prepared.push(standing.contender);
        await standing.contender.prepare?.();
      });
    }
    for (let round = 0; round < (rounds ?? context.rounds); round += 1) {
      for (const standing of orderOf(standings, round)) {
        await attempt(standing, async () => {
          standing.samples.push(await standing.contender.run(round));
        });
      }
    }
  } finally {
    for (const contender of prepared) await close(contender, name, failures, context);
  }
  return { name, ...(x === undefined ? {} : { x }), contenders: standings.map(summarise) };
}

async function close(
  contender: Contender,
  caseName: string,
  failures: string[],
  context: Pick<BenchContext, "log">,
): Promise<void> {
  try {
    await contender.close?.();
  } catch (error) {
    failures.push(`${caseName}: ${contender.name}: closing: ${error}`);
    context.log(`  FAILED ${contender.name}, closing: ${error}`);
  }
}
