import { expect, test } from "vitest";
import { inChild } from "./in-child.ts";

const fixture = new URL("./in-child.fixture.ts", import.meta.url);

test("runs in another process, and values cross whole", async () => {
  const input = { n: 10n ** 20n, map: new Map([["a", new Uint8Array([1, 2])]]) };
  const { result } = await inChild<{ input: unknown; pid: number }>(fixture, "echo", input);
  expect(result.input).toEqual(input);
  expect(result.pid).not.toBe(process.pid);
});

test("peak memory is the child's own", async () => {
  // The parent is bigger than the child for the while.
  const ballast = Buffer.alloc(300 * 1024 * 1024, 1);
  const small = await inChild<number>(fixture, "fill", 1);
  const big = await inChild<number>(fixture, "fill", 200);
  expect(ballast.length + big.result).toBe(500 * 1024 * 1024);
  expect(big.peakRssMiB - small.peakRssMiB).toBeGreaterThan(150);
  expect(small.peakRssMiB).toBeLessThan(200);
});

test("a failure is the caller's, and so is a process that ends early", async () => {
  await expect(inChild(fixture, "fail", undefined)).rejects.toThrow(new RangeError("as it should"));
  await expect(inChild(fixture, "nothing", undefined)).rejects.toThrow(/exports no nothing/);
  await expect(inChild(fixture, "die", undefined)).rejects.toThrow(/ended by exit code 3 without a result/);
});
