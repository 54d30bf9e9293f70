import { LedgerError } from "@eventchain/core";
import { describe, expect, test } from "vitest";
import { parseAppendLine } from "./parse-append-line.ts";
import { showText } from "./show-text.ts";

describe("parseAppendLine", () => {
  test("reads all that a line may have", () => {
    const line = `{"stream":"s","type":"T","data":{"a":1},"metadata":{"actor":"ann"},"tags":["x"],"expect":"none","command":"c"}`;
    expect(parseAppendLine(line)).toMatchObject({
      stream: "s",
      event: { type: "T", data: { a: 1 }, tags: ["x"] },
      options: { metadata: { actor: "ann" }, expect: "none", commandId: "c" },
    });
  });

  test.each([
    ["3", 3],
    ['"3"', 3n],
    ['"any"', "any"],
    ["0", 0],
  ])("reads expect %s", (json, value) => {
    expect(parseAppendLine(`{"stream":"s","type":"T","data":{},"expect":${json}}`).options.expect).toBe(value);
  });

  test("leaves a key such as __proto__ in the data as it is", () => {
    const { event } = parseAppendLine('{"stream":"s","type":"T","data":{"__proto__":{"a":1}}}');
    expect(Object.keys(event.data)).toEqual(["__proto__"]);
  });

  test.each([
    ["", "invalid-json"],
    ["{", "invalid-json"],
    ["[]", "invalid-argument"],
    ["null", "invalid-argument"],
    ['{"stream":"s","data":{}}', "invalid-argument"],
    ['{"stream":"s","type":"T","data":{},"tag":"x"}', "invalid-argument"],
    ['{"stream":"s","type":"T","data":{},"schema":2}', "invalid-argument"],
    ['{"stream":1,"type":"T","data":{}}', "invalid-argument"],
    ['{"stream":"s","type":"T","data":{},"expect":"3.0"}', "invalid-argument"],
    ['{"stream":"s","type":"T","data":{},"data":{}}', "invalid-json"],
    ['{"stream":"s","type":"T","data":{"a":9007199254740993}}', "invalid-json"],
    ['{"stream":"s","type":"T","data":{"a":"\\ud800"}}', "invalid-json"],
  ])("refuses %s", (line, code) => {
    const read = (): unknown => parseAppendLine(line);
    expect(read).toThrow(LedgerError);
    expect(read).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    ["null", /^the line is not an object \{stream, type, data, .*\}$/],
    ['{"stream":"s","type":7,"data":{}}', /^type is not a text$/],
    ['{"stream":"s","data":{}}', /^type is missing: give a text$/],
    ['{"stream":"s","type":"T","tags":"x"}', /^tags is not a list of texts$/],
    ['{"stream":"s","type":"T","tags":["x",1]}', /^tags\.1 is not a text$/],
    ['{"stream":"s","type":"T","expect":true}', /^expect is not "none", "exists", "any" or a version in digits$/],
    ['{"stream":"s","type":"T","expect":"x"}', /^expect is "x": give "none", "exists", "any" or a version in digits$/],
    ['{"stream":"s","type":"T","tag":1}', /^the line has "tag", which it may not: give an object \{stream, /],
    ["{,", /^JSON, column 2: /],
  ])("says of %s what is allowed", (line, message) => {
    expect(() => parseAppendLine(line)).toThrow(message);
  });
});

test("showText shows what would move the cursor or turn the text around", () => {
  expect(showText("a\u001b[2Jb\u202ec\u2028d\u{e0001}é😀")).toBe("a\\u001b[2Jb\\u202ec\\u2028d\\u{e0001}é😀");
});
