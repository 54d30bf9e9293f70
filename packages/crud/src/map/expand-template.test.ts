import { describe, expect, test } from "vitest";
import { columnsOf, expandTemplate, parseTemplate } from "./expand-template.ts";
import { joinWords } from "./join-words.ts";

const row: Record<string, string> = { "case:concept:name": "Case 7", customer: "Value 63", none: "" };

function expand(source: string): unknown {
  return expandTemplate(parseTemplate(source, "stream"), (column) => row[column] ?? "");
}

describe("a template", () => {
  test.each([
    ["ticket-{case:concept:name}", "ticket-Case 7"],
    ["{customer}{customer}", "Value 63Value 63"],
    ["plain", "plain"],
    ["{{{customer}}}", "{Value 63}"],
    ["{{customer}}", "{customer}"],
    ["{customer} }}", "Value 63 }"],
  ])("%s", (source, text) => {
    expect(expand(source)).toEqual({ text });
  });

  test("names the column that is empty in the row", () => {
    expect(expand("a-{customer}-{none}")).toEqual({ emptyColumn: "none" });
  });

  test("names its columns", () => {
    expect(columnsOf(parseTemplate("{a}-{{b}}-{c d}", "stream"))).toEqual(["a", "c d"]);
  });

  test.each(["{", "}", "{}", "a{b", "a}b", "{a{b}}", "{a}}"])("%s is refused", (source) => {
    expect(() => parseTemplate(source, "stream")).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringMatching(/^stream ".*" has a brace/) }),
    );
  });
});

test.each([
  ["Assign seriousness", "AssignSeriousness"],
  ["Take in charge ticket", "TakeInChargeTicket"],
  ["RESOLVED", "RESOLVED"],
  ["A_SUBMITTED-COMPLETE", "ASUBMITTEDCOMPLETE"],
  ["  élan  vital ", "ÉlanVital"],
  ["2nd try", "2ndTry"],
  ["—", ""],
])("joinWords(%j)", (text, joined) => {
  expect(joinWords(text)).toBe(joined);
});
