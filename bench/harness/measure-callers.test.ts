import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { measureCallers } from "./measure-callers.ts";

test("callers are never more at once, and every call has its number, its latency and its count", async () => {
  const numbers: number[] = [];
  let [active, most] = [0, 0];
  const { count, latenciesMs, seconds } = await measureCallers(4, 0.05, async (number) => {
    numbers.push(number);
    active += 1;
    most = Math.max(most, active);
    await pause(2);
    active -= 1;
    return 3;
  });
  expect(most).toBe(4);
  expect(numbers).toEqual(numbers.map((_, i) => i));
  expect(latenciesMs).toHaveLength(numbers.length);
  expect(count).toBe(3 * numbers.length);
  expect(seconds).toBeGreaterThanOrEqual(0.05);
  expect(Math.min(...latenciesMs)).toBeGreaterThan(0);
});

test("what one call throws is thrown", async () => {
  await expect(measureCallers(2, 0.01, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});
