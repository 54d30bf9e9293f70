import { describe, expect, test } from "vitest";
import { parseJson } from "./parse-json.ts";

function refusal(text: string, options?: Parameters<typeof parseJson>[1]): Record<string, unknown> {
  try {
    parseJson(text, options);
  } catch (error) {
    return (error as { toJSON(): Record<string, unknown> }).toJSON();
  }
  throw new Error("was taken");
}

describe("JSON text from outside", () => {
  test.each([
    "null",
    " true ",
    "false",
    '"\\u00e9\\n\\/\\"\\\\ é \\ud83d\\ude00"',
    "-0",
    "0.5e-3",
    "9007199254740991",
    "-9007199254740991",
    "6.02e23",
    "[]",
    "{}",
    '\t{"a" : [1 , {"b":null}, "" ] ,\r\n"c":{}}\n',
  ])("%j means what JSON.parse says", (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  test("keeps __proto__ as a key like any other", () => {
    const value = parseJson('{"__proto__":{"polluted":true},"a":{"__proto__":1}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["__proto__", "a"]);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect("polluted" in value).toBe(false);
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":true},"a":{"__proto__":1}}');
  });
});

describe("JSON text is refused", () => {
  test.each([
    ["a repeated key", '{"a":{"x":1,"x":1}}', { path: "$.a.x", offset: 12, line: 1, column: 13 }],
    ["a key repeated in another spelling", '{"a":1,"\\u0061":2}', { path: "$.a", offset: 7 }],
    ["__proto__ twice", '{"__proto__":1,"__proto__":2}', { path: "$.__proto__" }],
    ["an integer beyond 2^53 − 1", '{"size":\n [1, 9007199254740992]}', { path: "$.size[1]", line: 2, column: 6 }],
    ["an integer below −(2^53 − 1)", "-9007199254740992", { path: "$" }],
    ["an integer of any length", `[${"9".repeat(500_000)}]`, { path: "$[0]" }],
    ["a number that overflows", "1e400", { path: "$" }],
    ["a lone surrogate, escaped", '["\\ud800"]', { path: "$[0]", offset: 1 }],
    ["a lone surrogate, raw", '{"a":"\udc00"}', { path: "$.a" }],
    ["a lone surrogate in a key", '{"\\ud800x":1}', { path: "$" }],
    ["U+0000", '{"a":"x\\u0000"}', { path: "$.a" }],
    ["U+0000, raw", '"\0"', { path: "$", offset: 1 }],
    ["a control character", '"a\nb"', { path: "$", offset: 2 }],
    ["an unknown escape", '"\\x41"', { offset: 1 }],
    ["a cut escape", '"\\u12"', { offset: 1 }],
    ["a string without an end", '["abc', { path: "$[0]", offset: 1 }],
    ["nothing", "", { path: "$", offset: 0 }],
    ["white space alone", " \n", { line: 2, column: 1 }],
    ["a value cut off", '{"a":', { path: "$.a" }],
    ["a trailing comma", "[1,]", { path: "$[1]", offset: 3 }],
    ["a trailing comma in an object", '{"a":1,}', { offset: 7 }],
    ["a key without quotes", "{a:1}", { offset: 1 }],
    ["a key without a colon", '{"a" 1}', { path: "$.a", offset: 5 }],
    ["a missing comma", "[1 2]", { offset: 3 }],
    ["an object left open", '{"a":1', { offset: 6 }],
    ["a leading zero", "01", { offset: 1 }],
    ["a plus sign", "+1", { offset: 0 }],
    ["a bare point", ".5", { offset: 0 }],
    ["a point without digits", "1.", { offset: 1 }],
    ["NaN", "NaN", { offset: 0 }],
    ["undefined", "undefined", { offset: 0 }],
    ["a comment", "/* x */ 1", { offset: 0 }],
    ["a byte order mark", "\ufeff1", { offset: 0 }],
    ["another kind of space", "\u00a01", { offset: 0 }],
    ["two values", "1 2", { offset: 2 }],
  ])("for %s", (_, text, where) => {
    expect(refusal(text)).toMatchObject({ code: "invalid-json", ...where });
  });

  test("with a message that says where and why", () => {
    expect(refusal('{\n  "a": 1,\n  "a": 2 }').message).toBe("JSON, line 3, column 3: $.a: is given twice");
  });

  test("when it nests over 64, or over what the option says", () => {
    expect(parseJson("[".repeat(64) + "]".repeat(64))).toBeInstanceOf(Array);
    expect(refusal("[".repeat(65) + "]".repeat(65))).toMatchObject({ code: "invalid-json", offset: 64 });
    expect(refusal('{"a":[]}', { maxDepth: 1 })).toMatchObject({ path: "$.a" });
  });

  test("when it is a mebibyte of nesting, without running out of stack", () => {
    for (const part of ["[", '{"a":', '[{"a":', '"\\', "-", "1"]) {
      const text = part.repeat(Math.floor((1024 * 1024) / part.length));
      expect(refusal(text, { maxDepth: 1e9 })).toMatchObject({ code: "invalid-json" });
    }
  });

  test("when it is longer than 1 MiB of UTF-8, or than the option says", () => {
    expect(parseJson(`"${"x".repeat(1024 * 1024 - 2)}"`)).toHaveLength(1024 * 1024 - 2);
    expect(refusal(`"${"x".repeat(1024 * 1024 - 1)}"`)).toMatchObject({ code: "too-large", maxBytes: 1024 * 1024 });
    expect(refusal(`"${"é".repeat(512 * 1024)}"`)).toMatchObject({ code: "too-large" });
    expect(refusal("[1]", { maxBytes: 2 })).toMatchObject({ code: "too-large" });
  });

  test("when it is no text at all", () => {
    expect(() => parseJson(5 as unknown as string)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });
});
