import { describe, expect, test } from "vitest";
import { openLanes, type Remainder, type Turn } from "./open-lanes.ts";

interface Batch {
  jobs: string[];
  turn: Turn<string>;
  finish(remainder?: Partial<Remainder<string>>): Promise<void>;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Lanes whose batches end when a test says so. */
function lanesUnderTest(maxBatch = 10) {
  const batches: Batch[] = [];
  const rests: { restMs: number; end(): Promise<void> }[] = [];
  const lanes = openLanes<string>({
    maxBatch,
    run: (jobs, running) =>
      new Promise((resolve) => {
        const finish = async (remainder: Partial<Remainder<string>> = {}) => {
          resolve({ again: [], restMs: 0, ...remainder });
          await turn();
        };
        batches.push({ jobs, turn: running, finish });
      }),
    pause: (restMs) =>
      new Promise<void>((resolve) => {
        const end = async () => {
          resolve();
          await turn();
        };
        rests.push({ restMs, end });
      }),
  });
  return { lanes, batches, rests, taken: () => batches.map(({ jobs }) => jobs) };
}

describe("lanes", () => {
  test("take what comes in one turn as one batch, in order, whichever way round the elements are named", async () => {
    const { lanes, taken } = lanesUnderTest();
    lanes.add(["a", "b"], "1");
    lanes.add(["b", "a", "a"], "2");
    await turn();
    expect(taken()).toEqual([["1", "2"]]);
  });

  test("take the next batch when the one before is over, of no more than fit", async () => {
    const { lanes, batches, taken } = lanesUnderTest(2);
    for (const job of ["1", "2", "3"]) lanes.add(["a"], job);
    await turn();
    lanes.add(["a"], "4");
    await turn();
    expect(taken()).toEqual([["1", "2"]]);
    await batches[0]?.finish();
    expect(taken()).toEqual([
      ["1", "2"],
      ["3", "4"],
    ]);
  });

  test("run side by side where they share no element, and never where they do", async () => {
    const { lanes, batches, taken } = lanesUnderTest();
    lanes.add(["a", "b"], "ab");
    lanes.add(["b", "c"], "bc");
    lanes.add(["d"], "d");
    lanes.add(["c"], "c");
    await turn();
    expect(taken()).toEqual([["ab"], ["d"]]);
    await batches[0]?.finish();
    expect(taken()).toEqual([["ab"], ["d"], ["bc"]]);
    await batches[2]?.finish();
    expect(taken()).toEqual([["ab"], ["d"], ["bc"], ["c"]]);
  });

  test("let those in that wait for a shared element before they go on", async () => {
    const { lanes, batches, taken } = lanesUnderTest(1);
    lanes.add(["a"], "1");
    lanes.add(["a"], "2");
    lanes.add(["a", "b"], "other");
    await turn();
    await batches[0]?.finish();
    await batches[1]?.finish();
    expect(taken()).toEqual([["1"], ["other"], ["2"]]);
  });

  test("decide what is left over again first, after a rest in which others have their turn", async () => {
    const { lanes, batches, rests, taken } = lanesUnderTest();
    lanes.add(["a"], "1");
    lanes.add(["a"], "2");
    await turn();
    lanes.add(["a"], "3");
    lanes.add(["a", "b"], "other");
    await batches[0]?.finish({ again: ["2"], restMs: 7 });
    expect(rests.map(({ restMs }) => restMs)).toEqual([7]);
    await batches[1]?.finish();
    lanes.add(["a"], "4");
    await turn();
    expect(taken()).toEqual([["1", "2"], ["other"]]);
    await rests[0]?.end();
    expect(taken().at(-1)).toEqual(["2", "3", "4"]);
  });

  test("give back a job that was not taken yet, and only that", async () => {
    const { lanes, batches, taken } = lanesUnderTest(1);
    for (const job of ["1", "2", "3"]) lanes.add(["a"], job);
    await turn();
    expect(lanes.remove(["a"], "1")).toBe(false);
    expect(lanes.remove(["a"], "2")).toBe(true);
    expect(lanes.remove(["b"], "3")).toBe(false);
    await batches[0]?.finish();
    expect(taken()).toEqual([["1"], ["3"]]);
  });

  test("end without a batch when their last job is given back", async () => {
    const { lanes, batches, taken } = lanesUnderTest();
    lanes.add(["a"], "1");
    expect(lanes.remove(["a"], "1")).toBe(true);
    await turn();
    expect(taken()).toEqual([]);
    lanes.add(["a"], "2");
    await turn();
    await batches[0]?.finish();
    expect(taken()).toEqual([["2"]]);
  });

  test("tell a batch under way of what comes, once for all that come in one turn, and let it take no more than fit", async () => {
    const { lanes, batches, taken } = lanesUnderTest(2);
    lanes.add(["a"], "1");
    await turn();
    const running = batches[0]?.turn;
    if (running === undefined) throw new Error("it is running");
    const told: string[][] = [];
    running.onJobs = () => told.push(running.take());
    for (const job of ["2", "3", "4"]) lanes.add(["a"], job);
    await turn();
    expect(told).toEqual([["2", "3"]]);
    expect(running.waiting()).toBe(1);
    expect(lanes.remove(["a"], "2")).toBe(false);
    running.giveBack(["3"]);
    running.onJobs = undefined;
    lanes.add(["a"], "5");
    await batches[0]?.finish();
    expect(taken()).toEqual([["1"], ["3", "4"]]);
    await batches[1]?.finish();
    expect(taken().at(-1)).toEqual(["5"]);
  });

  test("let a batch under way take nothing while another lane waits for an element of its own", async () => {
    const { lanes, batches, taken } = lanesUnderTest();
    lanes.add(["a"], "1");
    await turn();
    lanes.add(["a", "b"], "other");
    lanes.add(["a"], "2");
    expect(batches[0]?.turn.take()).toEqual([]);
    await batches[0]?.finish();
    await batches[1]?.finish();
    expect(taken()).toEqual([["1"], ["other"], ["2"]]);
  });
});
