import fc from "fast-check";
import { expect, test } from "vitest";
import { median, percentile, spreadOf } from "./percentiles.ts";

const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 50 });

test("a percentile is a value of the list that at least the share does not exceed, and none below it does", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, q) => {
      const sorted = list.toSorted((a, b) => a - b);
      const value = percentile(sorted, q);
      const upTo = (limit: number): number => sorted.filter((each) => each <= limit).length;
      expect(sorted).toContain(value);
      expect(upTo(value)).toBeGreaterThanOrEqual(q * sorted.length);
      const below = sorted.filter((each) => each < value).at(-1);
      if (below !== undefined) expect(upTo(below)).toBeLessThan(q * sorted.length);
    }),
  );
});

test("percentiles of a hundred", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([0, 0.5, 0.9, 0.99, 1].map((q) => percentile(hundred, q))).toEqual([1, 50, 90, 99, 100]);
  expect(percentile([], 0.5)).toBeNaN();
});

test("half of the values are on either side of a median, which lies within the spread", () => {
  fc.assert(
    fc.property(values, (list) => {
      const spread = spreadOf(list);
      expect(spread.median).toBe(median(list));
      expect(spread.min).toBeLessThanOrEqual(spread.median);
      expect(spread.median).toBeLessThanOrEqual(spread.max);
      expect(list.filter((each) => each < spread.median).length).toBeLessThanOrEqual(list.length / 2);
      expect(list.filter((each) => each > spread.median).length).toBeLessThanOrEqual(list.length / 2);
    }),
  );
});

test("a median does not depend on the order, and is the mean of two", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
  expect(median([])).toBeNaN();
});
