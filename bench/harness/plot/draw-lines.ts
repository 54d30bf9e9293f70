import { formatTick } from "../format-figures.ts";
import type { KeptResults } from "../kept-results.ts";
import type { CaseResult, Spread } from "../types.ts";
import { makeScale } from "./make-scale.ts";
import { element, line, type Panel, text, WIDTH } from "./svg.ts";

const LEFT = 90;
const RIGHT = WIDTH - 290;
const HEIGHT = 340;
const HEAD = 20;
const AXIS = 50;
const LEGEND_ROW = 20;
/** From here on a linear axis would press the lower lines together. */
const LOG_FROM = 20;

interface Point {
  x: number;
  rate: Spread;
}

/** A line for each contender through the cases that it was run in, each point with its min–max. */
export function drawLines(
  cases: readonly CaseResult[],
  { unit, xAxis }: Pick<KeptResults, "unit" | "xAxis">,
  colours: ReadonlyMap<string, string>,
): Panel {
  const lines = new Map<string, Point[]>();
  for (const { x = 0, contenders } of cases)
    for (const { name, rate } of contenders) lines.set(name, [...(lines.get(name) ?? []), { x, rate }]);
  const height = Math.max(HEIGHT, HEAD + AXIS + lines.size * LEGEND_ROW);
  function draw(top: number): string[] {
    const [upper, bottom] = [top + HEAD, top + height - AXIS];
    const { horizontal, vertical } = makeScales([...lines.values()].flat(), xAxis?.log === true, upper, bottom);
    const parts = [text(LEFT, upper - 6, vertical.isLog ? `${unit}, logarithmic` : unit, { fill: "#4a5568" })];
    for (const tick of vertical.ticks) {
      const y = vertical.place(tick);
      parts.push(line(LEFT, y, RIGHT, y, { stroke: "#e2e8f0" }));
      parts.push(text(LEFT - 8, y + 4, formatTick(tick), { "text-anchor": "end", fill: "#4a5568", "font-size": 11 }));
    }
    for (const tick of horizontal.ticks) {
      const x = horizontal.place(tick);
      parts.push(line(x, upper, x, bottom, { stroke: "#e2e8f0" }));
      parts.push(text(x, bottom + 16, formatTick(tick), { "text-anchor": "middle", fill: "#4a5568", "font-size": 11 }));
    }
    parts.push(text((LEFT + RIGHT) / 2, bottom + 36, xAxis?.label ?? "", { "text-anchor": "middle" }));
    for (const [i, [name, points]] of [...lines].entries()) {
      const stroke = colours.get(name) ?? "#000000";
      const sorted = points.toSorted((a, b) => a.x - b.x);
      const places = sorted.map(({ x, rate }) => [horizontal.place(x), vertical.place(rate.median)] as const);
      parts.push(
        element("polyline", {
          points: places.map((at) => at.map((n) => n.toFixed(1)).join(",")).join(" "),
          fill: "none",
          stroke,
          "stroke-width": 2,
        }),
      );
      for (const [j, [x, y]] of places.entries()) {
        const { rate } = sorted[j] as Point;
        parts.push(line(x, vertical.place(rate.min), x, vertical.place(rate.max), { stroke }));
        parts.push(element("circle", { cx: x, cy: y, r: 3.5, fill: stroke }));
      }
      const y = upper + 10 + i * LEGEND_ROW;
      parts.push(line(RIGHT + 16, y, RIGHT + 40, y, { stroke, "stroke-width": "3" }), text(RIGHT + 46, y + 4, name));
    }
    return parts;
  }
  return { height, draw };
}

function makeScales(points: readonly Point[], isLog: boolean, upper: number, bottom: number) {
  const xs = points.map(({ x }) => x);
  const [least, most] = [Math.min(...points.map((p) => p.rate.min)), Math.max(...points.map((p) => p.rate.max))];
  return {
    horizontal: makeScale({ min: Math.min(...xs), max: Math.max(...xs), from: LEFT, to: RIGHT, isLog }),
    vertical: makeScale({ min: least, max: most, from: bottom, to: upper, isLog: most / least > LOG_FROM }),
  };
}
