import { LedgerError } from "@eventchain/core";
import type { Watermarks } from "@eventchain/store";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MAX_POLL_DELAY_MS, watchWatermarks } from "./watch-watermarks.ts";

const marks = (finalSize: bigint): Watermarks => ({ sealedSize: finalSize, anchoredSize: finalSize, finalSize });
const reached =
  (size: bigint) =>
  ({ finalSize }: Watermarks): bigint | undefined =>
    finalSize >= size ? finalSize : undefined;
const what = "the test's event";

describe("watchWatermarks", () => {
  let finalSize = 0n;
  const read = vi.fn(async () => marks(finalSize));

  beforeEach(() => {
    vi.useFakeTimers();
    finalSize = 0n;
    read.mockReset().mockImplementation(async () => marks(finalSize));
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("answers at once what is so already, and then reads no more", async () => {
    finalSize = 5n;
    const answer = watchWatermarks(read).until(reached(5n), { what });
    await vi.advanceTimersByTimeAsync(0);
    expect(await answer).toBe(5n);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(read).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("one reading serves a thousand waits, however many begin meanwhile", async () => {
    const watch = watchWatermarks(read);
    const answers: Promise<bigint>[] = [];
    for (let wait = 0; wait < 1000; wait++) {
      answers.push(watch.until(reached(1n), { what }));
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(read.mock.calls.length).toBeGreaterThan(10);
    expect(read.mock.calls.length).toBeLessThan(60);
    finalSize = 1n;
    await vi.advanceTimersByTimeAsync(MAX_POLL_DELAY_MS);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([1n]));
    expect(vi.getTimerCount()).toBe(0);
  });

  test("reads seldom while nothing changes", async () => {
    const answer = watchWatermarks(read).until(reached(1n), { what });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(read.mock.calls.length).toBeLessThan(75);
    finalSize = 1n;
    await vi.advanceTimersByTimeAsync(MAX_POLL_DELAY_MS);
    expect(await answer).toBe(1n);
  });

  test("a wait that is over does not end the others", async () => {
    const watch = watchWatermarks(read);
    const short = watch.until(reached(1n), { what, timeoutMs: 100, values: { position: 1n } });
    const long = watch.until(reached(1n), { what, timeoutMs: 10_000 });
    const refused = expect(short).rejects.toMatchObject({
      code: "timeout",
      message: "the test's event did not happen within 100 ms",
      values: { position: 1n, timeoutMs: 100 },
      retryable: true,
    });
    await vi.advanceTimersByTimeAsync(101);
    await refused;
    finalSize = 1n;
    await vi.advanceTimersByTimeAsync(MAX_POLL_DELAY_MS);
    expect(await long).toBe(1n);
  });

  test("honours a signal, before and while it waits", async () => {
    const watch = watchWatermarks(read);
    const controller = new AbortController();
    const waiting = expect(watch.until(reached(1n), { what, signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
      cause: "enough",
    });
    controller.abort("enough");
    await waiting;
    await expect(watch.until(reached(1n), { what, signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a database that is away is read again; the time-out then says so", async () => {
    read.mockRejectedValue(new LedgerError("database-unavailable", "no route"));
    const watch = watchWatermarks(read);
    const over = expect(watch.until(reached(1n), { what, timeoutMs: 1000 })).rejects.toMatchObject({
      code: "timeout",
      message: expect.stringContaining("no route"),
    });
    const later = watch.until(reached(1n), { what });
    await vi.advanceTimersByTimeAsync(1001);
    await over;
    read.mockResolvedValue(marks(1n));
    await vi.advanceTimersByTimeAsync(MAX_POLL_DELAY_MS);
    expect(await later).toBe(1n);
  });

  test("what cannot pass ends every wait", async () => {
    read.mockRejectedValue(new LedgerError("database-refused", "no permission"));
    const watch = watchWatermarks(read);
    const both = Promise.allSettled([watch.until(reached(1n), { what }), watch.until(reached(2n), { what })]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await both).toMatchObject([
      { reason: { code: "database-refused" } },
      { reason: { code: "database-refused" } },
    ]);
  });

  test("closing ends every wait, and those that come after", async () => {
    const watch = watchWatermarks(read);
    const waiting = expect(watch.until(reached(1n), { what })).rejects.toMatchObject({ code: "aborted" });
    watch.close();
    await waiting;
    await expect(watch.until(reached(1n), { what })).rejects.toMatchObject({ code: "aborted" });
  });
});
