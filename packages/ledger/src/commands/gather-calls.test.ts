import { describe, expect, test } from "vitest";
import { gatherCalls } from "./gather-calls.ts";

/** Doubles what it is asked, when it is let; a negative number fails its call. */
function doubler(maxAsks = 10, maxCalls = 1) {
  const calls: (readonly number[])[] = [];
  const gates: (() => void)[] = [];
  const ask = gatherCalls<number, number>(
    async (_, asks) => {
      calls.push(asks);
      await new Promise<void>((resolve) => gates.push(resolve));
      if (asks.some((each) => each < 0)) throw new Error(`no ${asks}`);
      return asks.map((each) => each * 2);
    },
    { maxAsks, maxCalls },
  );
  return { ask, calls, gates };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function letAll(gates: (() => void)[]): Promise<void> {
  for (await turn(); gates.length > 0; await turn()) for (const open of gates.splice(0)) open();
}

describe("gatherCalls", () => {
  test("makes one call of what is asked in a turn, and gives each its answers", async () => {
    const { ask, calls, gates } = doubler();
    const answers = Promise.all([ask(1n, [1, 2]), ask(1n, []), ask(1n, [3])]);
    await letAll(gates);
    expect(await answers).toEqual([[2, 4], [], [6]]);
    expect(calls).toEqual([[1, 2, 3]]);
  });

  test("gathers while a call is on its way", async () => {
    const { ask, calls, gates } = doubler();
    const first = ask(1n, [1]);
    await turn();
    const later = [ask(1n, [2]), ask(1n, [3])];
    await turn();
    expect(calls).toEqual([[1]]);
    await letAll(gates);
    expect(await Promise.all([first, ...later])).toEqual([[2], [4], [6]]);
    expect(calls).toEqual([[1], [2, 3]]);
  });

  test("makes a second call at the same time where it may", async () => {
    const { ask, calls, gates } = doubler(2, 2);
    const answers = Promise.all([ask(1n, [1, 2]), ask(1n, [3, 4]), ask(1n, [5])]);
    await turn();
    expect(calls).toEqual([
      [1, 2],
      [3, 4],
    ]);
    await letAll(gates);
    expect(await answers).toEqual([[2, 4], [6, 8], [10]]);
  });

  test("keeps ledgers apart", async () => {
    const { ask, calls, gates } = doubler();
    const answers = Promise.all([ask(1n, [1]), ask(2n, [2])]);
    await letAll(gates);
    expect(await answers).toEqual([[2], [4]]);
    expect(calls).toEqual([[1], [2]]);
  });

  test("a bad ask fails its own caller alone", async () => {
    const { ask, gates } = doubler();
    const answers = Promise.allSettled([ask(1n, [1]), ask(1n, [-1]), ask(1n, [3])]);
    await letAll(gates);
    expect((await answers).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });
});
