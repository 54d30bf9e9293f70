import fc from "fast-check";
import { expect, test } from "vitest";
import { openResults, ratioOf, summarise } from "./collect-results.ts";
import type { ContenderKind, ContenderResult } from "./types.ts";

const samplesOf = (rates: readonly number[]) => rates.map((count) => ({ count, seconds: 1 }));
const result = (name: string, kind: ContenderKind, rates: readonly number[]): ContenderResult =>
  summarise({ contender: { name, kind }, samples: samplesOf(rates) });
const rates = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 5, maxLength: 5 });

test("a rate is a count by its seconds, round by round, and latencies are those of all rounds", () => {
  const samples = [
    { count: 10, seconds: 2, latenciesMs: [1, 4], peakRssMiB: 100, values: { bytes: 7 } },
    { count: 30, seconds: 2, latenciesMs: [3, 2], peakRssMiB: 120, values: { bytes: 9 } },
  ];
  expect(summarise({ contender: { name: "a", kind: "ours", version: "1" }, samples })).toEqual({
    name: "a",
    kind: "ours",
    version: "1",
    rates: [5, 15],
    rate: { median: 10, min: 5, max: 15 },
    latencyMs: { p50: 2, p90: 4, p99: 4, max: 4 },
    peakRssMiB: { median: 110, min: 100, max: 120 },
    values: { bytes: { median: 8, min: 7, max: 9 } },
  });
});

test("noise that both share in a round does not change a ratio", () => {
  fc.assert(
    fc.property(rates, fc.double({ min: 0.1, max: 10, noNaN: true }), (noise, factor) => {
      const [fast, slow] = [
        result(
          "fast",
          "ours",
          noise.map((rate) => rate * factor),
        ),
        result("slow", "peer", noise),
      ];
      expect(ratioOf(fast, slow)).toBeCloseTo(factor, 9);
      expect((ratioOf(slow, fast) as number) * (ratioOf(fast, slow) as number)).toBeCloseTo(1, 9);
    }),
  );
});

test("the best peer is the fastest by its median, and neither ours, nor bare, nor one that sat out", () => {
  fc.assert(
    fc.property(fc.array(rates, { minLength: 1, maxLength: 5 }), (lists) => {
      const peers = lists.map((list, i) => result(`peer ${i}`, "peer", list));
      const others = [result("ours", "ours", [9e9]), result("bare", "bare", [9e9])];
      const out = summarise({
        contender: { name: "out", kind: "peer" },
        samples: samplesOf([9e9]),
        skipped: "not there",
      });
      const best = openResults("s", [{ name: "c", contenders: [...others, out, ...peers] }]).bestPeer("c");
      expect(best?.rate.median).toBe(Math.max(...peers.map(({ rate }) => rate.median)));
      expect(best?.kind).toBe("peer");
    }),
  );
});

test("what is not there, or sat out, is not found and has no ratio", () => {
  const out = summarise({ contender: { name: "out", kind: "peer" }, samples: [], skipped: "not installed" });
  const results = openResults("s", [{ name: "c", contenders: [result("ours", "ours", [1, 2]), out] }]);
  expect(results.find("c", "ours")?.rates).toEqual([1, 2]);
  expect(results.find("c", "out")).toBeUndefined();
  expect(results.find("d", "ours")).toBeUndefined();
  expect(results.ratio("c", "ours", "out")).toBeUndefined();
  expect(results.ratio("c", "ours", "nobody")).toBeUndefined();
  expect(results.bestPeer("c")).toBeUndefined();
});
