import { describe, expect, test } from "vitest";
import { parseState, stateJson } from "./state-json.ts";

test.each([[null], [0], [""], [false], [[]], [{}], [{ b: [1, { a: null }], a: "é\u2028" }]])(
  "%j comes back as it was",
  (state) => {
    expect(parseState(stateJson(state))).toStrictEqual(state);
  },
);

test("what comes back is frozen to its depth", () => {
  const state = parseState('{"a":[{"b":1}]}') as { a: { b: number }[] };
  expect([Object.isFrozen(state), Object.isFrozen(state.a), Object.isFrozen(state.a[0])]).toEqual([true, true, true]);
});

class Money {
  readonly cents = 1;
}
const cycle: Record<string, unknown> = {};
cycle.self = cycle;

describe("refuses, with the path,", () => {
  test.each<[string, unknown, string]>([
    ["a Map", { a: new Map() }, "$.a"],
    ["a Set in a list", [1, new Set()], "$[1]"],
    ["a Date", { "a b": new Date(0) }, '$["a b"]'],
    ["an object of a class", { money: new Money() }, "$.money"],
    ["what writes itself as something else", { a: { toJSON: () => 1 } }, "$.a"],
    ["undefined", { a: { b: undefined } }, "$.a.b"],
    ["undefined by itself", undefined, "$"],
    ["a bigint", { n: 1n }, "$.n"],
    ["NaN", { n: Number.NaN }, "$.n"],
    ["a function", { f: () => 1 }, "$.f"],
    ["a lone surrogate", { t: "\ud800" }, "$.t"],
  ])("%s", (_, state, path) => {
    expect(() => stateJson(state)).toThrow(
      expect.objectContaining({ code: "invalid-value", values: expect.objectContaining({ path }) }),
    );
  });

  test("what holds itself", () => {
    expect(() => stateJson(cycle)).toThrow(expect.objectContaining({ code: "invalid-value" }));
  });
});
