import fc from "fast-check";
import { expect, test } from "vitest";
import { retryDelayMs } from "./retry-delay.ts";

const policies = fc
  .record({
    attempts: fc.integer({ min: 1, max: 50 }),
    firstMs: fc.integer({ min: 0, max: 100_000 }),
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    more: fc.integer({ min: 0, max: 10_000_000 }),
  })
  .map(({ more, ...policy }) => ({ ...policy, maxMs: policy.firstMs + more }));
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("is whole milliseconds, within a quarter of what the policy says", () => {
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 1_000_000 }), randoms, (policy, attempt, random) => {
      const delayMs = retryDelayMs(policy, attempt, random);
      const wanted = policy.firstMs === 0 ? 0 : Math.min(policy.firstMs * policy.factor ** (attempt - 1), policy.maxMs);
      expect(Number.isSafeInteger(delayMs)).toBe(true);
      expect(delayMs).toBeGreaterThanOrEqual(Math.floor(wanted * 0.75));
      expect(delayMs).toBeLessThanOrEqual(Math.ceil(wanted * 1.25));
    }),
  );
});

test("never gets shorter from one attempt to the next", () => {
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 1_000 }), randoms, (policy, attempt, random) => {
      expect(retryDelayMs(policy, attempt + 1, random)).toBeGreaterThanOrEqual(retryDelayMs(policy, attempt, random));
    }),
  );
});

test("of a first pause of 0 is 0, however many attempts there were", () => {
  expect(retryDelayMs({ attempts: 2_000, firstMs: 0, factor: 10, maxMs: 5 }, 1_000, 0.9)).toBe(0);
});
