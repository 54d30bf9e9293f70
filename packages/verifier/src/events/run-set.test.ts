import fc from "fast-check";
import { expect, test } from "vitest";
import { RunSet } from "./run-set.ts";

test("is a set, told as runs", () => {
  const positions = fc.uniqueArray(fc.bigInt({ min: 1n, max: 60n }));
  fc.assert(
    fc.property(positions, fc.array(fc.bigInt({ min: 1n, max: 60n })), (added, removed) => {
      const runs = new RunSet();
      const model = new Set<bigint>();
      for (const position of [...added].sort((a, b) => Number(a - b))) {
        runs.add(position);
        model.add(position);
      }
      for (const position of removed) {
        runs.remove(position);
        model.delete(position);
      }
      const listed = runs
        .runs()
        .flatMap(({ from, to }) => Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i)));
      expect(new Set(listed)).toEqual(model);
      expect(listed).toEqual([...listed].sort((a, b) => Number(a - b)));
    }),
  );
});
