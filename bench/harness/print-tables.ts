import { ratioOf } from "./collect-results.ts";
import { formatFigure, formatTable } from "./format-figures.ts";
import type { Judgement } from "./judge-targets.ts";
import type { CaseResult, ContenderResult } from "./types.ts";

/** A longer reason would widen the column; failures are printed in full besides. */
const MAX_REASON = 24;

/** The table of one case. The last column says how many times ours, the case's first of that kind, is as fast. */
export function printCase(result: CaseResult, unit: string): string {
  const { contenders } = result;
  const ours = contenders.find(({ kind, skipped }) => kind === "ours" && skipped === undefined);
  const hasLatency = contenders.some(({ latencyMs }) => latencyMs !== undefined);
  const hasRss = contenders.some(({ peakRssMiB }) => peakRssMiB !== undefined);
  const valueNames = [...new Set(contenders.flatMap(({ values }) => Object.keys(values)))];
  const head = [
    result.name,
    unit,
    "min – max",
    ...(hasLatency ? ["p50 ms", "p90", "p99"] : []),
    ...(hasRss ? ["peak MiB"] : []),
    ...valueNames,
    "ours is",
  ];
  const row = (each: ContenderResult): string[] => {
    const { name, version, skipped, rate, latencyMs, peakRssMiB, values } = each;
    const title = version === undefined ? name : `${name} ${version}`;
    if (skipped !== undefined)
      return [title, skipped.length > MAX_REASON ? `${skipped.slice(0, MAX_REASON)}…` : skipped];
    const latencies = [latencyMs?.p50, latencyMs?.p90, latencyMs?.p99];
    const ratio = ours === undefined || each === ours ? undefined : ratioOf(ours, each);
    return [
      title,
      formatFigure(rate.median),
      `${formatFigure(rate.min)} – ${formatFigure(rate.max)}`,
      ...(hasLatency ? latencies.map((ms) => (ms === undefined ? "" : formatFigure(ms))) : []),
      ...(hasRss ? [peakRssMiB === undefined ? "" : formatFigure(peakRssMiB.median)] : []),
      ...valueNames.map((value) => (values[value] === undefined ? "" : formatFigure(values[value].median))),
      ratio === undefined ? "" : `${formatFigure(ratio)}x`,
    ];
  };
  return formatTable(head, contenders.map(row));
}

/** The table of targets, and a line that counts them. */
export function printTargets(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ id, text, unit, atLeast, atMost, measured, ratio, verdict }) => [
    id,
    text,
    [
      ...(atLeast === undefined ? [] : [`≥ ${formatFigure(atLeast)} ${unit}`]),
      ...(atMost === undefined ? [] : [`≤ ${formatFigure(atMost)} ${unit}`]),
    ].join(", "),
    measured === undefined ? "" : `${formatFigure(measured)} ${unit}`,
    ratio === undefined ? "" : formatFigure(ratio),
    verdict,
  ]);
  const count = (verdict: Judgement["verdict"]): number => judgements.filter((each) => each.verdict === verdict).length;
  return `${formatTable(["target", "to reach", "bound", "measured", "by bound", "verdict"], rows, 2)}

${count("reached")} of ${judgements.length} targets reached, ${count("missed")} missed, ${count("not measured")} not measured`;
}
