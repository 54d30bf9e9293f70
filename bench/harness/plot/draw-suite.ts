import type { KeptResults } from "../kept-results.ts";
import type { CaseResult, ContenderResult } from "../types.ts";
import { drawBars } from "./draw-bars.ts";
import { drawLines } from "./draw-lines.ts";
import { COLOURS, document, type Panel, text, WIDTH } from "./svg.ts";

/** The picture of a suite: bars for each case that has no place on an axis, lines through those that have one. */
export function drawSuite(results: KeptResults): string {
  const run = results.cases.map((each) => ({ ...each, contenders: each.contenders.filter((c) => !c.skipped) }));
  const drawn = run.filter(({ contenders }) => contenders.length > 0);
  const colours = chooseColours(drawn);
  const placed = drawn.filter(({ x }) => x !== undefined);
  const panels: Panel[] = drawn.filter(({ x }) => x === undefined).map((each) => drawBars(each, results.unit, colours));
  if (placed.length > 0) panels.push(drawLines(placed, results, colours));
  const parts = [
    text(20, 32, results.title, { "font-size": 20, "font-weight": 600 }),
    text(20, 54, describe(results), { fill: "#4a5568" }),
  ];
  let top = 72;
  for (const panel of panels) {
    parts.push(...panel.draw(top));
    top += panel.height;
  }
  return document(WIDTH, top + 10, parts);
}

function describe({ unit, rounds, environment }: KeptResults): string {
  const { date, cores, cpu, node, postgres } = environment;
  return `${unit}, medians of ${rounds} rounds with min–max · ${date.slice(0, 10)} · ${cores} cores of ${cpu} · Node ${node} · PostgreSQL ${postgres}`;
}

/** Each contender has one colour in all cases. */
function chooseColours(cases: readonly CaseResult[]): Map<string, string> {
  const colours = new Map<string, string>();
  const used = { ours: 0, peer: 0, bare: 0 };
  for (const { name, kind } of cases.flatMap(({ contenders }): readonly ContenderResult[] => contenders)) {
    if (colours.has(name)) continue;
    const shades = COLOURS[kind];
    colours.set(name, shades[used[kind] % shades.length] as string);
    used[kind] += 1;
  }
  return colours;
}
