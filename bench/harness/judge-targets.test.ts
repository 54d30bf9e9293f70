import fc from "fast-check";
import { expect, test } from "vitest";
import { openResults } from "./collect-results.ts";
import { judge } from "./judge-targets.ts";

const results = openResults("s", []);
const target = { id: "s.t", text: "a target", unit: "x" };
const positive = fc.double({ min: 0.001, max: 1e9, noNaN: true });

test("at least and at most are inclusive, and the ratio is to the bound", () => {
  fc.assert(
    fc.property(positive, positive, (measured, bound) => {
      const least = judge({ ...target, atLeast: bound, measure: () => measured }, results);
      const most = judge({ ...target, atMost: bound, measure: () => measured }, results);
      expect(least.verdict).toBe(measured >= bound ? "reached" : "missed");
      expect(most.verdict).toBe(measured <= bound ? "reached" : "missed");
      expect([least.ratio, most.ratio]).toEqual([measured / bound, measured / bound]);
    }),
  );
});

test("what was not measured is neither reached nor missed", () => {
  for (const measured of [undefined, Number.NaN])
    expect(judge({ ...target, atLeast: 1, measure: () => measured }, results)).toEqual({
      ...target,
      atLeast: 1,
      verdict: "not measured",
    });
});

test("a target without a bound is none", () => {
  expect(() => judge({ ...target, measure: () => 1 }, results)).toThrow("the target s.t has no bound");
});
