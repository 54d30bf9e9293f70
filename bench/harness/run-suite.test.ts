import fc from "fast-check";
import { expect, test } from "vitest";
import { orderOf, runSuite } from "./run-suite.ts";
import type { Contender, Suite } from "./types.ts";

const context = { rounds: 3, log: () => undefined, signal: new AbortController().signal };
const suiteOf = (contenders: readonly Contender[]): Suite => ({
  name: "s",
  title: "S",
  unit: "events/s",
  cases: [{ name: "c", contenders }],
  targets: [],
});

test("an order is a rotation: everybody once, and over as many rounds everybody in every place once", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 6 }), fc.nat(30), (names, start) => {
      const rounds = names.map((_, i) => orderOf(names, start + i));
      for (const round of rounds) expect(new Set(round)).toEqual(new Set(names));
      for (const place of names.keys()) expect(new Set(rounds.map((round) => round[place]))).toEqual(new Set(names));
    }),
  );
  expect(orderOf([], 3)).toEqual([]);
});

test("contenders are prepared, run once a round in turn, and closed", async () => {
  const calls: string[] = [];
  const contender = (name: string): Contender => ({
    name,
    kind: "bare",
    prepare: async () => void calls.push(`prepare ${name}`),
    run: async (round) => {
      calls.push(`${name}${round}`);
      return { count: round + 1, seconds: 1 };
    },
    close: async () => void calls.push(`close ${name}`),
  });
  const { results, failures } = await runSuite(suiteOf([contender("a"), contender("b")]), context, () => undefined);
  expect(calls).toEqual(["prepare a", "prepare b", "a0", "b0", "b1", "a1", "a2", "b2", "close a", "close b"]);
  expect(results.find("c", "b")?.rates).toEqual([1, 2, 3]);
  expect(failures).toEqual([]);
});

test("one that fails sits the rest out and is named; one that is skipped is never touched", async () => {
  let runs = 0;
  const failing: Contender = {
    name: "failing",
    kind: "peer",
    run: async (round) => {
      runs += 1;
      if (round === 1) throw new Error("no");
      return { count: 1, seconds: 1 };
    },
  };
  const refuse = async (): Promise<never> => {
    throw new Error("touched");
  };
  const skipped: Contender = { name: "out", kind: "peer", skip: "not here", prepare: refuse, run: refuse };
  const fine: Contender = { name: "fine", kind: "ours", run: async () => ({ count: 4, seconds: 2 }) };
  const { results, failures } = await runSuite(suiteOf([failing, skipped, fine]), context, () => undefined);
  expect(runs).toBe(2);
  expect(failures).toEqual([expect.stringMatching(/^c: failing: Error: no/)]);
  expect(results.cases[0]?.contenders.map(({ skipped }) => skipped)).toEqual(["failed: no", "not here", undefined]);
  expect(results.find("c", "fine")?.rates).toEqual([2, 2, 2]);
});

test("an interruption ends the run between two runs, and what was prepared is closed", async () => {
  const controller = new AbortController();
  const calls: string[] = [];
  const contender: Contender = {
    name: "a",
    kind: "bare",
    prepare: async () => void calls.push("prepare"),
    run: async () => {
      calls.push("run");
      controller.abort(new Error("interrupted"));
      return { count: 1, seconds: 1 };
    },
    close: async () => void calls.push("close"),
  };
  const run = runSuite(suiteOf([contender]), { ...context, signal: controller.signal }, () => undefined);
  await expect(run).rejects.toThrow("interrupted");
  expect(calls).toEqual(["prepare", "run", "close"]);
});
