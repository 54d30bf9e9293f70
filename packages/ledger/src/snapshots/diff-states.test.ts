import { expect, test } from "vitest";
import { diffStates } from "./diff-states.ts";

test("says what came, what went and what changed, in the order of the paths' keys", () => {
  const before = { status: "open", lines: [{ n: 1 }, { n: 2 }], gone: null, "a b": 1 };
  const after = { status: "closed", lines: [{ n: 1 }, { n: 3 }, { n: 4 }], "a b": 1, added: {} };
  expect(diffStates(before, after)).toEqual([
    { path: "$.added", after: {} },
    { path: "$.gone", before: null },
    { path: "$.lines[1].n", before: 2, after: 3 },
    { path: "$.lines[2]", after: { n: 4 } },
    { path: "$.status", before: "open", after: "closed" },
  ]);
});

test("says of a list that became shorter its last index first", () => {
  expect(diffStates([1, 2, 3], [1])).toEqual([
    { path: "$[2]", before: 3 },
    { path: "$[1]", before: 2 },
  ]);
});

test("says of what became something else both as a whole", () => {
  expect(diffStates({ a: [1] }, { a: { 0: 1 } })).toEqual([{ path: "$.a", before: [1], after: { 0: 1 } }]);
  expect(diffStates(null, {})).toEqual([{ path: "$", before: null, after: {} }]);
});

test("names a key that is no name in quotes, whole", () => {
  const key = `${"x".repeat(100)}."]`;
  expect(diffStates({}, { [key]: 1 })).toEqual([{ path: `$[${JSON.stringify(key)}]`, after: 1 }]);
});

test("compares what is no JSON by its contents", () => {
  expect(diffStates({ a: new Map([[1, new Date(0)]]) }, { a: new Map([[1, new Date(0)]]) })).toEqual([]);
  expect(diffStates({ a: new Set([1]) }, { a: new Set([2]) })).toHaveLength(1);
});
