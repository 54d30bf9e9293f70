import fc from "fast-check";
import { expect, test } from "vitest";
import { groupRows } from "./group-rows.ts";

test("every row is written once, in whole appends, in order within a lane, never more lanes than there are", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 12 }),
      async (sizes, lanes, maxRows) => {
        const groups: (readonly string[])[] = [];
        let [active, most] = [0, 0];
        const add = groupRows<string>(lanes, maxRows, async (rows) => {
          active += 1;
          most = Math.max(most, active);
          groups.push(rows);
          await new Promise((resolve) => setImmediate(resolve));
          active -= 1;
        });
        const appends = sizes.map((size, i) => Array.from({ length: size }, (_, j) => `${i}.${j}`));
        await Promise.all(appends.map(add));
        expect(groups.flat()).toEqual(appends.flat());
        expect(most).toBeLessThanOrEqual(lanes);
        for (const group of groups) {
          const whole = [...new Set(group.map((row) => Number(row.split(".")[0])))];
          expect(group.length).toBe(whole.reduce((sum, i) => sum + (sizes[i] ?? 0), 0));
          expect(group.length <= maxRows || whole.length === 1).toBe(true);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("a write that fails is its group's failure, and the next group is written", async () => {
  let writes = 0;
  const add = groupRows<number>(1, 1, async () => {
    writes += 1;
    if (writes === 1) throw new Error("no");
  });
  const outcomes = await Promise.allSettled([add([1]), add([2])]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});
