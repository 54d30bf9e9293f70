import { describe, expect, test } from "vitest";
import { keepInFlight } from "./keep-in-flight.ts";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function* upTo(count: number): AsyncGenerator<number> {
  for (let item = 1; item <= count; item++) yield item;
}

/** Lets everything that can go on by itself go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const limits = { maxItems: 10, maxBytes: Number.POSITIVE_INFINITY, bytesOf: () => 1 };

describe("keepInFlight", () => {
  test("yields in the order of the items, whatever the order they end in", async () => {
    const started: (() => void)[] = [];
    const start = (item: number): Promise<number> => new Promise((resolve) => started.push(() => resolve(item)));
    const results = all(keepInFlight(upTo(10), start, limits));
    await settle();
    expect(started).toHaveLength(10);
    for (const end of started.toReversed()) end();
    expect(await results).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test.each([
    ["items", { ...limits, maxItems: 3 }, 3],
    ["bytes", { ...limits, maxBytes: 25, bytesOf: () => 10 }, 3],
    ["bytes of one great item", { ...limits, maxBytes: 1, bytesOf: () => 10 }, 1],
  ])("keeps at most so many %s under way", async (_what, bounds, most) => {
    let now = 0;
    let highest = 0;
    const start = async (item: number): Promise<number> => {
      now += 1;
      highest = Math.max(highest, now);
      await settle();
      now -= 1;
      return item;
    };
    expect(await all(keepInFlight(upTo(40), start, bounds))).toHaveLength(40);
    expect(highest).toBe(most);
  });

  test("a slow reader holds the source back", async () => {
    let taken = 0;
    async function* source(): AsyncGenerator<number> {
      for await (const item of upTo(1000)) {
        taken = item;
        yield item;
      }
    }
    const results = keepInFlight(source(), async (item) => item, limits);
    await results.next();
    for (let turn = 0; turn < 50; turn++) await settle();
    expect(taken).toBeLessThanOrEqual(limits.maxItems + 2);
    await results.return(undefined);
  });

  test("a result does not wait for the next item", async () => {
    async function* oneThenNothing(): AsyncGenerator<string> {
      yield "first";
      await new Promise(() => undefined);
    }
    const results = keepInFlight(oneThenNothing(), async (item) => item, limits);
    expect(await results.next()).toEqual({ done: false, value: "first" });
  });

  test("the source's failure comes after the results of what it gave before", async () => {
    async function* failing(): AsyncGenerator<number> {
      yield* upTo(2);
      throw new Error("cut off");
    }
    const seen: number[] = [];
    const read = (async () => {
      for await (const result of keepInFlight(failing(), async (item) => item, limits)) seen.push(result);
    })();
    await expect(read).rejects.toThrow("cut off");
    expect(seen).toEqual([1, 2]);
  });

  test("after its reader has gone, it starts nothing more", async () => {
    let started = 0;
    for await (const result of keepInFlight(upTo(1000), async (item) => item, limits)) {
      started = result;
      if (result === 5) break;
    }
    await settle();
    expect(started).toBe(5);
  });
});
