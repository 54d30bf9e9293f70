import { describe, expect, test } from "vitest";
import { isCanonicalObject } from "./is-canonical-object.ts";

describe("a text is canonical", () => {
  test.each([
    "{}",
    '{"a":1,"b":[true,null,"x"]}',
    '{"10":1,"9":2}',
    '{"":0,"1":{"2":1,"a":{}}}',
    '{"__proto__":{"a":1}}',
    '{"path":"C:\\\\udp\\\\u0000"}',
    '{"a":"\\u0001\\b\\t\\n\\f\\r\\"\\\\/é\u2028😀"}',
    '{"a":1e+21,"b":0.000001,"c":1e-7,"d":100000000000000000000}',
    '{"😀":1,"\uffff":2}',
  ])("%s", (text) => {
    expect(isCanonicalObject(text)).toBe(true);
  });
});

describe("a text is not canonical", () => {
  test.each([
    ["no object", "[]"],
    ["no object but null", "null"],
    ["no JSON", "{"],
    ["empty", ""],
    ["a space", '{"a": 1}'],
    ["a newline at its end", '{"a":1}\n'],
    ["keys out of order", '{"b":1,"a":2}'],
    ["keys within out of order", '{"a":[{"b":1,"a":2}]}'],
    ["keys by number instead of by character", '{"9":2,"10":1}'],
    ["keys by code point instead of by UTF-16", '{"\uffff":2,"😀":1}'],
    ["a repeated key", '{"a":1,"a":1}'],
    ["__proto__ twice", '{"__proto__":1,"__proto__":1}'],
    ["-0", '{"a":-0}'],
    ["another spelling of a number", '{"a":1.0}'],
    ["an exponent that is not needed", '{"a":1e2}'],
    ["an integer that a double cannot hold", '{"a":9007199254740993}'],
    ["a number that overflows", '{"a":1e400}'],
    ["an escape that is not needed", '{"a":"\\u0041"}'],
    ["an escaped slash", '{"a":"\\/"}'],
    ["an escape in capitals", '{"a":"\\u001F"}'],
    ["U+0000", '{"a":"\\u0000"}'],
    ["U+0000 in a key", '{"\\u0000":1}'],
    ["an escaped lone surrogate", '{"a":"\\ud800"}'],
    ["a raw lone surrogate", '{"a":"\ud800"}'],
    ["a surrogate pair in escapes", '{"a":"\\ud83d\\ude00"}'],
    ["nesting over 64", `{"a":${"[".repeat(64)}${"]".repeat(64)}}`],
    ["nesting over 64 beside keys that are written in full", `{"10":1,"9":${"[".repeat(64)}${"]".repeat(64)}}`],
    ["nesting without end", '{"a":'.repeat(200_000)],
    ["longer than 1 MiB", `{"a":"${"x".repeat(1024 * 1024)}"}`],
  ])("%s", (_, text) => {
    expect(isCanonicalObject(text)).toBe(false);
  });

  test("beyond the limits that are given", () => {
    expect(isCanonicalObject('{"a":[]}', { maxDepth: 1 })).toBe(false);
    expect(isCanonicalObject('{"a":1}', { maxBytes: 6 })).toBe(false);
    expect(isCanonicalObject(`{"a":"${"x".repeat(1024 * 1024)}"}`, { maxBytes: 2 ** 21 })).toBe(true);
  });
});
