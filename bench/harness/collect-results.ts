import { median, percentile, spreadOf } from "./percentiles.ts";
import type { CaseResult, Contender, ContenderResult, Sample, Spread, SuiteResults } from "./types.ts";

/** What became of one contender in one case: a sample for each round, or why there are none. */
export interface ContenderRuns {
  contender: Pick<Contender, "name" | "kind" | "version">;
  samples: readonly Sample[];
  skipped?: string | undefined;
}

/** The figures of a contender's rounds. A contender that has none is `skipped`, its rate 0. */
export function summarise({ contender, samples, skipped }: ContenderRuns): ContenderResult {
  const { name, kind, version } = contender;
  const head = { name, kind, ...(version === undefined ? {} : { version }) };
  if (samples.length === 0 || skipped !== undefined)
    return { ...head, skipped: skipped ?? "not run", rates: [], rate: { median: 0, min: 0, max: 0 }, values: {} };
  const rates = samples.map(({ count, seconds }) => count / seconds);
  const latencyMs = summariseLatencies(samples);
  const rss = samples.flatMap(({ peakRssMiB }) => (peakRssMiB === undefined ? [] : [peakRssMiB]));
  return {
    ...head,
    rates,
    rate: spreadOf(rates),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(rss.length === 0 ? {} : { peakRssMiB: spreadOf(rss) }),
    values: summariseValues(samples),
  };
}

function summariseLatencies(samples: readonly Sample[]): ContenderResult["latencyMs"] {
  const all = Float64Array.from(samples.flatMap(({ latenciesMs }) => latenciesMs ?? [])).sort();
  if (all.length === 0) return undefined;
  return { p50: percentile(all, 0.5), p90: percentile(all, 0.9), p99: percentile(all, 0.99), max: percentile(all, 1) };
}

function summariseValues(samples: readonly Sample[]): Record<string, Spread> {
  const byName = new Map<string, number[]>();
  for (const { values = {} } of samples) {
    for (const [name, value] of Object.entries(values)) {
      const list = byName.get(name);
      if (list === undefined) byName.set(name, [value]);
      else list.push(value);
    }
  }
  return Object.fromEntries([...byName].map(([name, list]) => [name, spreadOf(list)]));
}

/** The results of a suite, ready to be asked. */
export function openResults(suite: string, cases: readonly CaseResult[]): SuiteResults {
  function find(caseName: string, contender: string): ContenderResult | undefined {
    const result = cases.find(({ name }) => name === caseName)?.contenders.find(({ name }) => name === contender);
    return result === undefined || result.skipped !== undefined ? undefined : result;
  }
  return {
    suite,
    cases,
    find,
    ratio(caseName, contender, by) {
      const [one, other] = [find(caseName, contender), find(caseName, by)];
      if (one === undefined || other === undefined) return undefined;
      return ratioOf(one, other);
    },
    bestPeer(caseName) {
      const peers = (cases.find(({ name }) => name === caseName)?.contenders ?? []).filter(
        ({ kind, skipped }) => kind === "peer" && skipped === undefined,
      );
      return peers.toSorted((a, b) => b.rate.median - a.rate.median)[0];
    },
  };
}

/** Median over the rounds that both were run in of one's rate by the other's. */
export function ratioOf(one: ContenderResult, other: ContenderResult): number | undefined {
  const ratios = one.rates.flatMap((rate, round) => {
    const by = other.rates[round];
    return by === undefined || by === 0 ? [] : [rate / by];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}
