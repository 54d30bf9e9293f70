import { describe, expect, test } from "vitest";
import { z } from "zod";
import { query, stream } from "../commands/make-context.ts";
import { defineEvent } from "../events/define-event.ts";
import { defineModel } from "../models/define-model.ts";
import { openMemoryLedger } from "../testing/open-memory-ledger.ts";
import type { LedgerOptions } from "../types.ts";
import { defineSnapshots } from "./define-snapshots.ts";
import type { SnapshotProblem } from "./report.ts";
import type { SnapshotDue } from "./types.ts";

const Added = defineEvent("Added", { schema: z.object({ n: z.number() }), tags: () => ["sum"] });
const Noted = defineEvent("Noted", { schema: z.object({ text: z.string() }) });
interface Sum {
  readonly sum: number;
  readonly count: number;
}
const sum = defineModel("sum", { initial: (): Sum => ({ sum: 0, count: 0 }) }).on(Added, (state, { data }) => ({
  sum: state.sum + data.n,
  count: state.count + 1,
}));

function open(options: Pick<LedgerOptions, "snapshots" | "commands">) {
  const problems: SnapshotProblem[] = [];
  const ledger = openMemoryLedger({ events: [Added, Noted], ...options, report: (problem) => problems.push(problem) });
  const add = (name: string, ...ns: number[]) =>
    ledger.append(
      name,
      ns.map((n) => ({ type: "Added", data: { n }, tags: ["sum"] })),
    );
  const note = (name: string) => ledger.append(name, { type: "Noted", data: { text: "x" } });
  const taken = async (branch?: string) => {
    const list: string[] = [];
    for await (const one of ledger.snapshots(branch)) {
      expect(one.problem).toBeUndefined();
      list.push(`${one.branch}@${one.position}${one.version === undefined ? "" : `v${one.version}`}`);
    }
    return list;
  };
  return { ledger, add, note, taken, problems };
}

const sync = (every: SnapshotDue<Sum>, more: object = {}) => defineSnapshots(sum, { every, mode: "sync", ...more });

describe("a rule that is sync takes snapshots before the append's receipt is given", () => {
  test("of each stream by itself, every so many events", async () => {
    const { add, taken } = open({ snapshots: [sync(2)] });
    for (const name of ["a", "b", "a", "a", "a", "b"]) await add(name, 1);
    // a: 1, 3, then the snapshot at 4; 5, 6 and its snapshot; b: 2 and 8.
    expect(await taken()).toEqual(["sum/a@3v2", "sum/a@6v4", "sum/b@8v2"]);
  });

  test("at each event that makes one due, within one append too", async () => {
    const { add, taken } = open({ snapshots: [sync(2)] });
    await add("a", 1, 2, 3, 4, 5);
    expect(await taken()).toEqual(["sum/a@2v2", "sum/a@4v4"]);
  });

  test("by an interval since the last one, or since the first event", async () => {
    const { ledger, add, taken } = open({ snapshots: [sync({ ms: 1_000 })] });
    await add("a", 1);
    ledger.advance(999);
    await add("a", 1);
    expect(await taken()).toEqual([]);
    ledger.advance(1);
    await add("a", 1);
    ledger.advance(999);
    await add("a", 1);
    expect(await taken()).toEqual(["sum/a@3v3"]);
    ledger.advance(1);
    await add("a", 1);
    expect(await taken()).toHaveLength(2);
  });

  test("by what an event made of the state", async () => {
    const { add, taken } = open({ snapshots: [sync((event, state) => event.type === "Added" && state.sum >= 10)] });
    await add("a", 9);
    await add("a", 1, -5, 5);
    expect(await taken()).toEqual(["sum/a@2v2", "sum/a@4v4"]);
  });

  test("only of the streams that it names", async () => {
    const { add, taken } = open({ snapshots: [sync(1, { streams: "a-" })] });
    await add("a-1", 1);
    await add("b-1", 1);
    expect(await taken()).toEqual(["sum/a-1@1v1"]);
  });

  test("not of streams without an event that the model handles", async () => {
    const { note, taken } = open({ snapshots: [sync(1)] });
    await note("a");
    expect(await taken()).toEqual([]);
  });

  test("of a query, in one branch", async () => {
    const of = query({ tags: ["sum"] });
    const { ledger, add, taken } = open({ snapshots: [sync(3, { of, branch: "all" })] });
    await add("a", 1, 2);
    await add("b", 3);
    await add("c", 4);
    expect(await taken()).toEqual(["all@3"]);
    expect(await ledger.state(sum, of)).toEqual({ sum: 10, count: 4 });
  });

  test("not while it is switched off", async () => {
    const { ledger, add, taken } = open({ snapshots: [sync(1)] });
    await ledger.switchHandler("snapshots:sum", false, { by: "ada" });
    await add("a", 1);
    expect(await taken()).toEqual([]);
    await ledger.switchHandler("snapshots:sum", true, { by: "ada" });
    await add("a", 1);
    expect(await taken()).toEqual(["sum/a@2v1", "sum/a@4v2"]);
  });

  test("and one of racing appends to a stream takes each", async () => {
    const { add, taken } = open({ snapshots: [sync(3)] });
    await Promise.all([1, 2, 3, 4, 5, 6, 7].map((n) => add("a", n)));
    expect(await taken()).toHaveLength(2);
  });
});

describe("the ledger's own events", () => {
  test("make no snapshot due, though the model's query has them", async () => {
    const every = defineModel("every", { initial: () => 0, unknown: "skip" }).on(Added, (count) => count + 1);
    const of = query({ types: [Added] });
    const { add, taken } = open({ snapshots: [defineSnapshots(every, { every: 1, mode: "sync", of }), sync(1)] });
    await add("a", 1);
    expect(await taken()).toEqual(["every@1", "sum/a@1v1"]);
  });
});

describe("a snapshot by hand", () => {
  test("is taken of a stream, once", async () => {
    const { ledger, add, taken } = open({});
    await add("a", 1, 2);
    const first = await ledger.snapshot(sum, "a");
    expect(first).toMatchObject({ branch: "sum/a", position: 2n, version: 2n, eventPosition: 3n });
    expect(await ledger.snapshot(sum, "a")).toEqual(first);
    expect(await taken("sum/a")).toEqual(["sum/a@2v2"]);
  });

  test("of a stream without events, or of no query, is refused", async () => {
    const { ledger } = open({});
    await expect(ledger.snapshot(sum, "a")).rejects.toMatchObject({ code: "not-found" });
    await expect(ledger.snapshot(sum)).rejects.toMatchObject({ code: "config-invalid" });
  });
});

describe("a state that is no JSON", () => {
  const dated = defineModel("dated", { initial: () => ({ at: [] as unknown[] }) }).on(Added, (state) => ({
    at: [...state.at, new Date(0)],
  }));

  test("is reported once with its path, and hinders no append", async () => {
    const { add, taken, problems } = open({ snapshots: [defineSnapshots(dated, { every: 1, mode: "sync" })] });
    await add("a", 1);
    await add("a", 1);
    await add("b", 1);
    expect(await taken()).toEqual([]);
    expect(problems).toMatchObject([{ code: "state-not-json", branch: "dated/a", position: 1n }]);
    expect(problems[0]?.detail).toContain("$.at[0]");
  });

  test("cannot be taken by hand", async () => {
    const { ledger, add } = open({});
    await add("a", 1);
    await expect(ledger.snapshot(dated, "a")).rejects.toMatchObject({
      code: "invalid-value",
      values: { path: "$.at[0]", model: "dated" },
    });
  });
});

test("a rule's function that throws is reported, and hinders no append", async () => {
  const { add, problems } = open({
    snapshots: [
      sync(() => {
        throw new Error("no idea");
      }),
    ],
  });
  await add("a", 1);
  expect(problems).toMatchObject([{ code: "snapshot-failed", detail: "no idea" }]);
});

test("the branch of a stream with a long name has the hash of it", async () => {
  const { ledger, add, taken } = open({ snapshots: [sync(1)] });
  const name = "é".repeat(256);
  await add(name, 2);
  expect(await taken()).toEqual([expect.stringMatching(/^sum\/sha256:[0-9a-f]{64}@1v1$/)]);
  expect(await ledger.state(sum, name)).toEqual({ sum: 2, count: 1 });
});

test("a model whose name is too long for a branch has states all the same, and no snapshots", async () => {
  const { ledger, add } = open({});
  await add("a", 2);
  const long = defineModel("x".repeat(500), { initial: () => 0 }).on(Added, (count) => count + 1);
  expect(await ledger.state(long, "a")).toBe(1);
  await expect(ledger.snapshot(long, "a")).rejects.toMatchObject({ code: "invalid-name" });
});

test("a state read from a snapshot is frozen", async () => {
  const { ledger, add } = open({ snapshots: [sync(1)] });
  await add("a", 1);
  const state = (await ledger.state(sum, stream("a"))) as { sum: number };
  expect(() => {
    state.sum = 2;
  }).toThrow(TypeError);
});
