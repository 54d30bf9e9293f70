import { expect, test } from "vitest";
import { summarise } from "./collect-results.ts";
import { printCase, printTargets } from "./print-tables.ts";
import type { ContenderKind, Sample } from "./types.ts";

const contender = (name: string, kind: ContenderKind, samples: readonly Sample[], skipped?: string) =>
  summarise({ contender: { name, kind }, samples, skipped });

test("a case's table says how many times ours is as fast, and why somebody sat out", () => {
  const table = printCase(
    {
      name: "128 callers",
      contenders: [
        contender("ours", "ours", [{ count: 3000, seconds: 1, latenciesMs: [1, 2], values: { bytes: 10 } }]),
        contender("peer", "peer", [{ count: 1000, seconds: 1, peakRssMiB: 50 }]),
        contender("gone", "peer", [], "failed: something went wrong with a long story"),
      ],
    },
    "events/s",
  );
  expect(table.split("\n")).toEqual([
    "| 128 callers |                  events/s |     min – max | p50 ms |  p90 |  p99 | peak MiB | bytes | ours is |",
    "| ----------- | ------------------------: | ------------: | -----: | ---: | ---: | -------: | ----: | ------: |",
    "| ours        |                     3,000 | 3,000 – 3,000 |   1.00 | 2.00 | 2.00 |          |  10.0 |         |",
    "| peer        |                     1,000 | 1,000 – 1,000 |        |      |      |     50.0 |       |   3.00x |",
    "| gone        | failed: something went w… |               |        |      |      |          |       |         |",
  ]);
});

test("the targets' table gives bound, measure and verdict, and counts them", () => {
  const table = printTargets([
    { id: "a.b", text: "fast", unit: "x", atLeast: 2, measured: 3, ratio: 1.5, verdict: "reached" },
    { id: "a.c", text: "small", unit: "bytes", atMost: 1_100, verdict: "not measured" },
  ]);
  expect(table.split("\n").slice(2)).toEqual([
    "| a.b    | fast     |      ≥ 2.00 x |   3.00 x |     1.50 |      reached |",
    "| a.c    | small    | ≤ 1,100 bytes |          |          | not measured |",
    "",
    "1 of 2 targets reached, 0 missed, 1 not measured",
  ]);
});
