import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

/** The path and code of the error that a value is refused with. */
function refusal(value: unknown, options?: Parameters<typeof canonicalJson>[1]): unknown {
  try {
    return canonicalJson(value, options);
  } catch (error) {
    const { code, values } = error as { code: string; values: { path?: string } };
    return [code, values.path];
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

describe("canonical JSON", () => {
  test("sorts keys by UTF-16 units and writes numbers and strings as RFC 8785 says", () => {
    expect(
      canonicalJson({ b: [1, 1e21, 1e-7, 0.1, -0], a: "é\u0001\n\u2028/", "\u{1f600}": 1, "\uffff": 2, 10: 3, 9: 4 }),
    ).toBe('{"10":3,"9":4,"a":"é\\u0001\\n\u2028/","b":[1,1e+21,1e-7,0.1,0],"😀":1,"\uffff":2}');
  });

  test("writes any JSON value, not objects alone", () => {
    expect([null, true, "x", 1, [], {}].map((value) => canonicalJson(value))).toEqual([
      "null",
      "true",
      '"x"',
      "1",
      "[]",
      "{}",
    ]);
  });

  test("does not normalise Unicode", () => {
    expect(canonicalJson(["é", "e\u0301"])).toBe('["é","e\u0301"]');
  });

  test("keeps a key named __proto__ and is not led astray by it", () => {
    const value = JSON.parse('{"__proto__":{"x":1},"constructor":2,"toString":3}');
    expect(canonicalJson(value)).toBe('{"__proto__":{"x":1},"constructor":2,"toString":3}');
  });

  test("drops undefined properties and calls toJSON, as JSON does", () => {
    const price = { toJSON: (key: string) => `${key}: 5` };
    expect(canonicalJson({ at: new Date(0), gone: undefined, price })).toBe(
      '{"at":"1970-01-01T00:00:00.000Z","price":"price: 5"}',
    );
  });

  test("takes objects without a prototype and of another realm", () => {
    expect(canonicalJson(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
    expect(canonicalJson(runInNewContext("({ b: [1], a: {} })"))).toBe('{"a":{},"b":[1]}');
  });

  test("takes one object in two places, which is no cycle", () => {
    const shared = { x: 1 };
    expect(canonicalJson({ a: shared, b: [shared, shared] })).toBe('{"a":{"x":1},"b":[{"x":1},{"x":1}]}');
  });
});

describe("canonical JSON refuses, naming the path,", () => {
  class Money {
    amount = 5;
  }
  const cyclic: Record<string, unknown> = {};
  cyclic.self = [cyclic];

  test.each<[string, unknown, string]>([
    ["undefined", undefined, "$"],
    ["undefined in an array", { a: [1, 2, 3, { "x y": [undefined] }] }, '$.a[3]["x y"][0]'],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    ["a hole in an array", [1, , 3], "$[1]"],
    ["a function", { a: { b: () => 1 } }, "$.a.b"],
    ["a symbol", [Symbol("s")], "$[0]"],
    ["a BigInt", { size: 5n }, "$.size"],
    ["NaN", [Number.NaN], "$[0]"],
    ["an infinity", { a: -Infinity }, "$.a"],
    ["a lone surrogate", { a: "x\ud800" }, "$.a"],
    ["a lone surrogate in a key", { "\udc00": 1 }, '$["\\udc00"]'],
    ["U+0000", ["a\0b"], "$[0]"],
    ["U+0000 in a key", { "a\0": 1 }, '$["a\\u0000"]'],
    ["a cycle", cyclic, "$.self[0]"],
    ["a Map", { m: new Map([[1, 2]]) }, "$.m"],
    ["a Set", [new Set([1])], "$[0]"],
    ["bytes", { b: new Uint8Array(2) }, "$.b"],
    ["a boxed string", { b: new String("x") }, "$.b"],
    ["an instance of a class", { price: new Money() }, "$.price"],
    ["an error", [new Error("no")], "$[0]"],
    ["a regular expression", { r: /x/ }, "$.r"],
    [
      "an invalid date's null is fine, its getter's throw is not",
      {
        get a() {
          throw new Error("no");
        },
      },
      "$.a",
    ],
    ["what toJSON gives, if that is refused", { a: { toJSON: () => ({ b: 1n }) } }, "$.a.b"],
    ["what toJSON leaves out", [{ toJSON: () => undefined }], "$[0]"],
    ["a class behind toJSON", [{ toJSON: () => new Date(0) }], "$[0]"],
  ])("%s", (_, value, path) => {
    expect(refusal(value)).toEqual(["invalid-value", path]);
  });

  test("nesting over 64, or over what the option says", () => {
    expect(canonicalJson(nested(64))).toHaveLength((64 / 2) * 2 + (64 / 2) * 6 + 1);
    expect(refusal(nested(65))).toEqual(["invalid-value", expect.stringMatching(/^\$/)]);
    expect(refusal(nested(3), { maxDepth: 2 })).toEqual(["invalid-value", expect.any(String)]);
    expect(canonicalJson(nested(500), { maxDepth: 500 })).toContain("1");
    expect(refusal(nested(100_000), { maxDepth: 1e9 })).toEqual(["invalid-value", expect.any(String)]);
  });

  test("an endless nesting that toJSON makes as it is read", () => {
    const endless = { toJSON: () => ({ next: endless }) };
    expect(refusal(endless)).toEqual(["invalid-value", expect.any(String)]);
  });
});

describe("canonical JSON's size", () => {
  test("is at most 1 MiB of UTF-8, or what the option says", () => {
    expect(canonicalJson("x".repeat(1024 * 1024 - 2))).toHaveLength(1024 * 1024);
    expect(refusal("x".repeat(1024 * 1024 - 1))).toEqual(["too-large", "$"]);
    expect(refusal("é".repeat(512 * 1024))).toEqual(["too-large", undefined]);
    expect(refusal({ a: 1 }, { maxBytes: 6 })).toEqual(["too-large", "$.a"]);
    expect(canonicalJson({ a: 1 }, { maxBytes: 7 })).toBe('{"a":1}');
  });

  test("is found out early where a small value repeats itself to a huge text", () => {
    let laughs: unknown = "ha";
    for (let i = 0; i < 60; i++) laughs = [laughs, laughs];
    expect(refusal(laughs)).toEqual(["too-large", expect.any(String)]);
    expect(refusal(new Array(2 ** 30).fill(0, 0, 1))).toEqual(["invalid-value", "$[1]"]);
  });
});
