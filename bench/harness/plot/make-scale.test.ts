import fc from "fast-check";
import { expect, test } from "vitest";
import { makeScale, roundUp } from "./make-scale.ts";

const positive = fc.double({ min: 1e-6, max: 1e9, noNaN: true });

test("what is in the range is between the two ends, in order, and so are the marks", () => {
  fc.assert(
    fc.property(positive, positive, positive, fc.boolean(), (a, b, c, isLog) => {
      const [min, middle, max] = [a, b, c].sort((x, y) => x - y) as [number, number, number];
      const scale = makeScale({ min, max, from: 10, to: 500, isLog });
      const places = [min, middle, max].map(scale.place);
      expect(places).toEqual(places.toSorted((x, y) => x - y));
      for (const place of [...places, ...scale.ticks.map(scale.place)]) {
        expect(place).toBeGreaterThanOrEqual(9.4);
        expect(place).toBeLessThanOrEqual(500.6);
      }
      expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
      expect(scale.ticks.length).toBeLessThan(20);
    }),
  );
});

test("a logarithmic scale has room where all values are one, or nearly", () => {
  for (const max of [0.000001, 0.0000010000000000000002])
    expect(makeScale({ min: 0.000001, max, from: 0, to: 100, isLog: true }).place(max)).toBeCloseTo(0, 6);
});

test("marks are round", () => {
  expect(makeScale({ min: 5, max: 23_000, from: 0, to: 1 }).ticks).toEqual([0, 5_000, 10_000, 15_000, 20_000, 25_000]);
  expect(makeScale({ min: 1_000, max: 9e6, from: 0, to: 1, isLog: true }).ticks).toEqual([1e3, 1e4, 1e5, 1e6, 1e7]);
  expect([0.3, 1, 1.1, 6, 10].map(roundUp)).toEqual([0.5, 1, 2, 10, 10]);
});
