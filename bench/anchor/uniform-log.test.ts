import { extendLog, sha256, utf8, verifyConsistency } from "@eventchain/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { uniformLog } from "./uniform-log.ts";

const log = uniformLog("seed");

test("roots are those of a log whose entries are all the same", () => {
  const entry = sha256(utf8("seed"));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_500 }), (size) => {
      const entries = Array.from({ length: size }, () => entry);
      expect(log.root(BigInt(size))).toEqual(extendLog(() => undefined, 0n, entries).root);
    }),
    { numRuns: 30 },
  );
});

test("a proof leads from each size to each greater one, however great", () => {
  const size = fc.bigInt({ min: 1n, max: 2n ** 39n });
  fc.assert(
    fc.property(size, size, (size1, growth) => {
      const size2 = size1 + growth;
      const path = log.consistency(size1, size2);
      const heads = { size1, root1: log.root(size1), size2, root2: log.root(size2) };
      expect(verifyConsistency({ ...heads, path })).toBe(true);
    }),
  );
});
