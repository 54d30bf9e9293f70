import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runWithin, STOP_GRACE_MS } from "./run-within.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const endless = (): Promise<void> => new Promise(() => undefined);
const going = new AbortController().signal;

test("a run that ends is done", async () => {
  expect(await runWithin({ timeoutMs: 10, stop: going }, async () => undefined)).toEqual({ kind: "done" });
});

test("what it throws is how it failed, at once too", async () => {
  const error = new Error("no");
  const thrower = (): Promise<void> => {
    throw error;
  };
  expect(await runWithin({ timeoutMs: 10, stop: going }, thrower)).toEqual({ kind: "failed", error });
});

test("one that does not end has failed when its time is over, and is told so", async () => {
  let told: AbortSignal | undefined;
  const end = runWithin({ timeoutMs: 10, stop: going }, (signal) => {
    told = signal;
    return endless();
  });
  await vi.advanceTimersByTimeAsync(10);
  expect(await end).toMatchObject({ kind: "failed", error: { code: "timeout" } });
  expect(told?.aborted).toBe(true);
});

test("a rejection after its time is listened to by nobody, and ends nothing", async () => {
  const late = Promise.withResolvers<void>();
  const end = runWithin({ timeoutMs: 10, stop: going }, () => late.promise);
  await vi.advanceTimersByTimeAsync(10);
  await end;
  late.reject(new Error("late"));
  await vi.advanceTimersByTimeAsync(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("its signal is aborted once it is over, whatever it left behind", async () => {
  let told: AbortSignal | undefined;
  await runWithin({ timeoutMs: 10, stop: going }, async (signal) => {
    told = signal;
  });
  expect(told?.aborted).toBe(true);
});

test("where the worker stops, one that ends well in time is done; one that fails or goes on is stopped", async () => {
  const stopping = new AbortController();
  const slow = runWithin(
    { timeoutMs: 60_000, stop: stopping.signal },
    () => new Promise((resolve) => setTimeout(resolve, 5)),
  );
  const failing = runWithin(
    { timeoutMs: 60_000, stop: stopping.signal },
    (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped")))),
  );
  const going = runWithin({ timeoutMs: 60_000, stop: stopping.signal }, endless);
  stopping.abort();
  await vi.advanceTimersByTimeAsync(STOP_GRACE_MS);
  expect(await Promise.all([slow, failing, going])).toEqual([
    { kind: "done" },
    { kind: "stopped" },
    { kind: "stopped" },
  ]);
  expect(vi.getTimerCount()).toBe(0);
});
