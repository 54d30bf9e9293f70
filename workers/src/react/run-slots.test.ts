import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_RUNS, MAX_RUNS_OF_ONE, openRunSlots } from "./run-slots.ts";

/** Slots, and runs that end when the test lets them. */
function heldRuns() {
  const slots = openRunSlots();
  const ends = new Map<string, (() => void)[]>();
  return {
    slots,
    start(key: string): void {
      slots.start(key, () => new Promise((resolve) => ends.set(key, [...(ends.get(key) ?? []), resolve])));
    },
    end(key: string): void {
      ends.get(key)?.shift()?.();
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("whatever runs, one that has no run may have one, and all together stay within the bounds", async () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 30 }).map(String), ends: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 150 }), async (steps) => {
      const { slots, start, end } = heldRuns();
      for (const { key, ends } of steps) {
        if (ends) {
          end(key);
          await turn();
        } else for (let count = slots.free(key); count > 0; count--) start(key);
        const counts = Array.from({ length: 31 }, (_, other) => slots.running(String(other)));
        const total = counts.reduce((sum, count) => sum + count, 0);
        expect(Math.max(...counts)).toBeLessThanOrEqual(MAX_RUNS_OF_ONE);
        expect(total).toBeLessThanOrEqual(MAX_RUNS + counts.length);
        for (const [other, count] of counts.entries())
          if (count === 0) expect(slots.free(String(other))).toBeGreaterThan(0);
      }
    }),
    { numRuns: 50 },
  );
});

test("a slot that a run gives back is free again", async () => {
  const { slots, start, end } = heldRuns();
  for (let count = 0; count < MAX_RUNS_OF_ONE; count++) start("a");
  expect(slots.free("a")).toBe(0);
  end("a");
  await slots.wait("a", "one", 60_000);
  expect(slots.free("a")).toBe(1);
});

test("waiting for all of one's runs does not wait for another's", async () => {
  const { slots, start, end } = heldRuns();
  start("a");
  start("a");
  start("b");
  const waited = slots.wait("a", "all", 60_000);
  end("a");
  end("a");
  await waited;
  expect([slots.running("a"), slots.running("b")]).toEqual([0, 1]);
});

test("waiting ends when the time is over", async () => {
  const { slots, start } = heldRuns();
  start("a");
  await slots.wait("a", "all", 1);
  expect(slots.running("a")).toBe(1);
});

test("draining waits for all", async () => {
  const { slots, start, end } = heldRuns();
  start("a");
  start("b");
  let drained = false;
  const draining = slots.drain().then(() => {
    drained = true;
  });
  end("a");
  await turn();
  expect(drained).toBe(false);
  end("b");
  await draining;
});
