import type { SuiteResults, Target } from "./types.ts";

export interface Judgement {
  id: string;
  text: string;
  unit: string;
  atLeast?: number;
  atMost?: number;
  measured?: number;
  /** Measured by bound. */
  ratio?: number;
  verdict: "reached" | "missed" | "not measured";
}

/** What became of a target. Both bounds count where it has both; the ratio is then to the one that is nearer. */
export function judge(target: Target, results: SuiteResults): Judgement {
  const { id, text, unit, atLeast, atMost } = target;
  const head = {
    id,
    text,
    unit,
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
  };
  if (atLeast === undefined && atMost === undefined) throw new Error(`the target ${id} has no bound`);
  const measured = target.measure(results);
  if (measured === undefined || Number.isNaN(measured)) return { ...head, verdict: "not measured" };
  const isReached = (atLeast === undefined || measured >= atLeast) && (atMost === undefined || measured <= atMost);
  const bound = [atLeast, atMost]
    .filter((each) => each !== undefined)
    .reduce((a, b) => (Math.abs(measured - a) <= Math.abs(measured - b) ? a : b));
  return { ...head, measured, ratio: measured / bound, verdict: isReached ? "reached" : "missed" };
}
