import { describe, expect, test } from "vitest";
import { fitMap, RowError } from "./map-row.ts";
import { parseMap } from "./read-map.ts";

const header = ["case", "activity", "who", "when", "customer", "note"];
const whole = {
  stream: "ticket-{case}",
  type: { column: "activity", words: "pascal" },
  time: "when",
  actor: "who",
  tags: ["customer:{customer}", "case:{case}"],
  data: ["note", "customer"],
};
const good = ["Case 7", "Take in charge", "Value 2", "2011-10-01T00:38:44.546+02:00", "63", ""];

function map(cells: readonly string[], change: object = {}) {
  return fitMap(parseMap({ ...whole, ...change }), header)({ row: 1, line: 2, cells });
}

describe("a row", () => {
  test("becomes an event", () => {
    expect(map(good)).toEqual({
      stream: "ticket-Case 7",
      event: { type: "TakeInCharge", data: { note: "", customer: "63" }, tags: ["customer:63", "case:Case 7"] },
      options: { actor: "Value 2", occurredAt: "2011-09-30T22:38:44.546Z" },
    });
  });

  test("an empty cell: no actor, no tag, an empty text in the data", () => {
    const { event, options } = map(["Case 7", "x", "", "2026-01-31T09:30:00Z", "", ""]);
    expect(options.actor).toBeUndefined();
    expect(event.tags).toEqual(["case:Case 7"]);
    expect(event.data).toEqual({ note: "", customer: "" });
  });

  test("tags that come out the same are one", () => {
    expect(map(good, { tags: ["{case}", "{case}"] }).event.tags).toEqual(["Case 7"]);
  });

  test("all columns, a type as it is, no time and no actor", () => {
    const mapped = map(good, { data: "*", type: { column: "activity" }, time: undefined, actor: undefined, tags: [] });
    expect(mapped.event).toMatchObject({ type: "Take in charge", tags: [] });
    expect(Object.keys(mapped.event.data)).toEqual(header);
    expect(mapped.options).toEqual({ actor: undefined, occurredAt: undefined });
  });

  test("a type may be a template", () => {
    expect(map(good, { type: "Ticket:{activity}" }).event.type).toBe("Ticket:Take in charge");
  });

  test.each<[string, number, string, string | undefined, RegExp]>([
    ["stream", 0, "", "case", /is empty/],
    ["type", 1, "", "activity", /is empty/],
    ["type of no letters", 1, "—", undefined, /type/],
    ["type of the ledger's own", 1, "x", undefined, /\$/],
    ["time", 3, "", "when", /is empty/],
    ["local time", 3, "2026-01-31 09:30:00", "when", /with an offset/],
    ["date that does not exist", 3, "2026-02-30T00:00:00Z", "when", /does not exist/],
    ["stream that is too long", 0, "x".repeat(513), undefined, /512/],
    ["U+0000 in the data", 5, "\0", undefined, /U\+0000/],
  ])("is refused for its %s", (what, index, value, column, message) => {
    const cells = good.with(index, value);
    const change = what.endsWith("ledger's own") ? { type: `$${"{activity}"}` } : {};
    try {
      map(cells, change);
      expect.fail("accepted");
    } catch (error) {
      expect(error).toBeInstanceOf(RowError);
      expect(error).toMatchObject({ column, message: expect.stringMatching(message) });
    }
  });
});

describe("a map", () => {
  test.each<[string, object]>([
    ["stream takes", { stream: "{Case}" }],
    ["type takes", { type: { column: "Activity" } }],
    ["time takes", { time: "Time" }],
    ["actor takes", { actor: "Who" }],
    ["tags takes", { tags: ["x:{y}"] }],
    ["data takes", { data: ["Note"] }],
  ])("%s a column that is not there", (message, change) => {
    expect(() => map(good, change)).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(message) }),
    );
  });

  const ofData = 'data is not a list of columns, or "*" for all of them';
  const ofType = 'type is not a template, or {"column": NAME, "words": "as-is" or "pascal"}';
  test.each<[string, unknown, string]>([
    ["an unknown key", { ...whole, streams: "x" }, 'the map has "streams", which it may not: give an object {stream, '],
    [
      "an unknown key in type",
      { ...whole, type: { column: "a", word: "pascal" } },
      'type has "word", which it may not: give a template, or {"column": NAME',
    ],
    ["an unknown way with words", { ...whole, type: { column: "a", words: "kebab" } }, ofType],
    ["no stream", { type: "A", data: "*" }, "stream is missing: give a template"],
    ["an empty stream", { ...whole, stream: "" }, "stream is empty: give a template"],
    ["no data", { stream: "a", type: "A" }, "data is missing: give a list of columns"],
    ["data of no column", { ...whole, data: [] }, "data is empty: give a list of columns"],
    ["data that is a column", { ...whole, data: "note" }, ofData],
    ["no object", [], "the map is not an object {stream, "],
  ])("is refused for %s, with what is allowed", (_what, value, message) => {
    expect(() => parseMap(value)).toThrow(
      expect.objectContaining({ code: "config-invalid", message: expect.stringContaining(message) }),
    );
  });
});
