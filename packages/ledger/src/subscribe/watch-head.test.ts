import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MAX_BUSY_HEAD_DELAY_MS, MAX_HEAD_DELAY_MS, MIN_HEAD_DELAY_MS, watchHead } from "./watch-head.ts";

const what = "the test's event";
const hash = new Uint8Array(32);
let position = 0n;
const read = vi.fn(async () => ({ position, hash }));
const past =
  (known: bigint) =>
  (head: { position: bigint }): bigint | undefined =>
    head.position > known ? head.position : undefined;

beforeEach(() => {
  vi.useFakeTimers();
  position = 0n;
  read.mockReset().mockImplementation(async () => ({ position, hash }));
});
afterEach(() => {
  vi.useRealTimers();
});

/** How many reads there are within so many milliseconds. */
async function readsIn(ms: number): Promise<number> {
  const before = read.mock.calls.length;
  await vi.advanceTimersByTimeAsync(ms);
  return read.mock.calls.length - before;
}

test("reads nothing while nobody waits", async () => {
  const heads = watchHead(read);
  expect(await readsIn(60_000)).toBe(0);
  const answer = heads.until(past(0n), { what });
  position = 1n;
  await vi.advanceTimersByTimeAsync(0);
  expect(await answer).toBe(1n);
  expect(await readsIn(60_000)).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("a thousand waits cost no more reads than one", async () => {
  const heads = watchHead(read);
  const answers = Array.from({ length: 1_000 }, () => heads.until(past(0n), { what }));
  const reads = await readsIn(1_000);
  position = 1n;
  await vi.advanceTimersByTimeAsync(MAX_BUSY_HEAD_DELAY_MS);
  expect(new Set(await Promise.all(answers))).toEqual(new Set([1n]));
  expect(reads).toBeLessThan(110);
});

test("reads seldom within a minute of an event, and more seldom later", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = watchHead(read).until(past(0n), { what, signal });
  await readsIn(1_000);
  expect(await readsIn(10_000)).toBeLessThanOrEqual(10_000 / MAX_BUSY_HEAD_DELAY_MS + 1);
  await readsIn(600_000);
  expect(await readsIn(10_000)).toBeLessThanOrEqual(10_000 / MAX_HEAD_DELAY_MS + 1);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  expect(vi.getTimerCount()).toBe(0);
});

test("waits that follow each other at once are a pause apart", async () => {
  const heads = watchHead(async () => {
    position += 1n;
    return read();
  });
  const follow = (async () => {
    for (let known = 0n; known < 50n; ) known = await heads.until(past(known), { what });
  })();
  expect(await readsIn(20 * MIN_HEAD_DELAY_MS)).toBeLessThanOrEqual(21);
  await vi.advanceTimersByTimeAsync(50 * MIN_HEAD_DELAY_MS);
  await follow;
});

test("one read is under way at most, however long it takes", async () => {
  let running = 0;
  let most = 0;
  const heads = watchHead(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    running -= 1;
    return read();
  });
  const waits = Array.from({ length: 10 }, async (_, n) => {
    await new Promise((resolve) => setTimeout(resolve, n * 300));
    return heads.until(past(0n), { what });
  });
  await vi.advanceTimersByTimeAsync(5_000);
  position = 1n;
  await vi.advanceTimersByTimeAsync(5_000);
  await Promise.all(waits);
  expect(most).toBe(1);
});
