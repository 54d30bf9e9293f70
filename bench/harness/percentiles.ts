import type { Spread } from "./types.ts";

/** The value that a share `q` (0 … 1) of an ascending list does not exceed (nearest rank); NaN of an empty one. */
export function percentile(ascending: ArrayLike<number>, q: number): number {
  const rank = Math.ceil(q * ascending.length);
  return ascending[Math.min(Math.max(rank, 1), ascending.length) - 1] ?? Number.NaN;
}

/** The middle value, or the mean of the two in the middle; NaN of an empty list. Any order. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? half - 1 : half], sorted[half]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** Median, least and greatest of a list that is not empty. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new Error("there is no spread of no values");
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { median: median(values), min, max };
}
