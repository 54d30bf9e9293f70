import { formatFigure, formatTick } from "../format-figures.ts";
import type { CaseResult } from "../types.ts";
import { makeScale } from "./make-scale.ts";
import { element, line, type Panel, text, WIDTH } from "./svg.ts";

const LEFT = 300;
const RIGHT = WIDTH - 110;
const ROW = 26;
const HEAD = 34;
const AXIS = 34;
/** From here on a linear axis would hide the short ones. */
const LOG_FROM = 60;

/** A bar for each contender: its median, with a whisker from the slowest round to the fastest. */
export function drawBars({ name, contenders }: CaseResult, unit: string, colours: ReadonlyMap<string, string>): Panel {
  const rates = contenders.map(({ rate }) => rate);
  const [min, max] = [Math.min(...rates.map((each) => each.min)), Math.max(...rates.map((each) => each.max))];
  const scale = makeScale({ min, max, from: LEFT, to: RIGHT, isLog: max / min > LOG_FROM });
  const height = HEAD + contenders.length * ROW + AXIS;
  function draw(top: number): string[] {
    const bottom = top + HEAD + contenders.length * ROW;
    const parts = [
      text(20, top + 22, name, { "font-size": 15, "font-weight": 600 }),
      text(RIGHT, top + 22, scale.isLog ? `${unit}, logarithmic` : unit, { "text-anchor": "end", fill: "#4a5568" }),
    ];
    for (const tick of scale.ticks) {
      const x = scale.place(tick);
      parts.push(line(x, top + HEAD, x, bottom, { stroke: "#e2e8f0" }));
      parts.push(text(x, bottom + 16, formatTick(tick), { "text-anchor": "middle", fill: "#4a5568", "font-size": 11 }));
    }
    for (const [i, { name, version, rate }] of contenders.entries()) {
      const y = top + HEAD + i * ROW + ROW / 2;
      const [start, end] = [scale.isLog ? LEFT : scale.place(0), scale.place(rate.median)];
      parts.push(text(LEFT - 10, y + 4, version === undefined ? name : `${name} ${version}`, { "text-anchor": "end" }));
      parts.push(
        element("rect", {
          x: start,
          y: y - 8,
          width: Math.max(1, end - start),
          height: 16,
          fill: colours.get(name) ?? "#000000",
        }),
      );
      const [low, high] = [scale.place(rate.min), scale.place(rate.max)];
      for (const [x1, y1, x2, y2] of [
        [low, y, high, y],
        [low, y - 4, low, y + 4],
        [high, y - 4, high, y + 4],
      ] as const)
        parts.push(line(x1, y1, x2, y2, { stroke: "#1a202c" }));
      parts.push(text(Math.max(end, high) + 6, y + 4, formatFigure(rate.median), { "font-weight": 600 }));
    }
    return parts;
  }
  return { height, draw };
}
