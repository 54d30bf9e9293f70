import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { summarise } from "./collect-results.ts";
import type { KeptResults } from "./kept-results.ts";
import type { ContenderKind, ContenderResult } from "./types.ts";
import { readResults, stringifyResults, writeResults } from "./write-results.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "eventchain-results-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const contender = (name: string, kind: ContenderKind, rates: readonly number[]): ContenderResult =>
  summarise({ contender: { name, kind }, samples: rates.map((count) => ({ count, seconds: 1, latenciesMs: [1, 2] })) });

function resultsOf(suite: string): KeptResults {
  return {
    suite,
    title: `The <${suite}> suite`,
    unit: "events/s",
    rounds: 2,
    xAxis: { label: "events", log: true },
    notes: ["a & b"],
    options: {},
    environment: {
      date: "2026-11-21T00:00:00.000Z",
      cpu: "cpu",
      cores: 2,
      memoryGiB: 8,
      kernel: "Linux",
      node: "v24",
      postgres: "18.4",
      settings: { fsync: "on" },
      fsyncMicros: 96.123456,
      commit: "abc",
      peers: {},
    },
    cases: [
      { name: "bars", contenders: [contender("ours", "ours", [12_345.678, 3]), contender("emmett", "peer", [1, 2])] },
      { name: "1k", x: 1_000, contenders: [contender("ours", "ours", [5, 6])] },
      { name: "1M", x: 1e6, contenders: [contender("ours", "ours", [4, 5])] },
    ],
    targets: [{ id: "t", text: "t", unit: "x", atLeast: 1, verdict: "not measured" }],
  };
}

test("files are the same for the same results, and are read as they were kept", () => {
  const text = stringifyResults(resultsOf("append"));
  expect(stringifyResults(JSON.parse(text) as KeptResults)).toBe(text);
  expect(text).toContain('"rates": [12346, 3]');
  writeResults(resultsOf("append"), dir);
  expect(readFileSync(join(dir, "append.json"), "utf8")).toBe(text);
  expect(readResults(dir)).toEqual([JSON.parse(text)]);
});

test("the page is made of all that is kept, in the order of the suites", () => {
  for (const suite of ["growth", "append"]) writeResults(resultsOf(suite), dir);
  expect(readdirSync(dir).sort()).toEqual(["append.json", "append.svg", "growth.json", "growth.svg", "index.html"]);
  const page = readFileSync(join(dir, "index.html"), "utf8");
  expect(page.indexOf('id="append"')).toBeGreaterThan(0);
  expect(page.indexOf('id="growth"')).toBeGreaterThan(page.indexOf('id="append"'));
  expect(page).toContain("The &lt;append&gt; suite");
  expect(page).not.toContain("<append>");
});

test("a picture has every contender, and nothing that is not a number", () => {
  writeResults(resultsOf("append"), dir);
  const picture = readFileSync(join(dir, "append.svg"), "utf8");
  for (const name of ["ours", "emmett", "bars", "events"]) expect(picture).toContain(`>${name}<`);
  expect(picture).not.toMatch(/NaN|Infinity|undefined/);
});
