import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatInstant, parseInstant } from "./parse-instant.ts";

describe("parseInstant", () => {
  test.each([
    ["2010-01-13T08:40:25+00:00", "2010-01-13T08:40:25.000Z", 1263372025000000n],
    ["2011-10-01T00:38:44.546+02:00", "2011-09-30T22:38:44.546Z", 1317422324546000n],
    ["1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z", -1n],
    ["2026-02-28T23:30:00.120-00:30", "2026-03-01T00:00:00.120Z", 1772323200120000n],
    ["0099-01-01t00:00:00.123456789z", "0099-01-01T00:00:00.123456789Z", -59042995199876544n],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z", 1709164800000000n],
  ])("reads %s", (text, utc, micros) => {
    expect(parseInstant(text)).toEqual({ text: utc, micros });
  });

  test.each([
    "",
    "2026-01-31",
    "2026-01-31T09:30:00",
    "2026-01-31 09:30:00Z",
    "2026-02-30T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T09:60:00Z",
    "2016-12-31T23:59:60Z",
    "2026-01-31T09:30:00+24:00",
    "2026-01-31T09:30:00+0100",
    "0000-01-01T00:00:00+01:00",
    "2026-01-31T09:30:00.1234567890Z",
    " 2026-01-31T09:30:00Z",
    "2026-01-31T09:30:00Z\n",
  ])("refuses %j", (text) => {
    expect(() => parseInstant(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test("says what the text is, and how to write it", () => {
    expect(() => parseInstant("yesterday", "--from")).toThrow(
      '--from "yesterday" is not a time with an offset: write it like 2026-01-31T09:30:00Z',
    );
  });

  test("reads what formatInstant writes, to the microsecond", () => {
    const [first, last] = [
      parseInstant("0000-01-01T00:00:00Z").micros,
      parseInstant("9999-12-31T23:59:59.999999Z").micros,
    ];
    fc.assert(
      fc.property(fc.bigInt(first, last), (micros) => {
        expect(parseInstant(formatInstant(micros)).micros).toBe(micros);
      }),
    );
  });
});
