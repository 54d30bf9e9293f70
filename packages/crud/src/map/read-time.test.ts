import { describe, expect, test } from "vitest";
import type { SqlValue } from "../values/sql-value.ts";
import { checkZone, readTime } from "./read-time.ts";
import type { TimeUnit } from "./types.ts";

describe("the instant of a row's time", () => {
  test.each<[SqlValue, TimeUnit | undefined, string | undefined, string]>([
    ["2026-01-31T09:30:00Z", undefined, undefined, "2026-01-31T09:30:00.000Z"],
    ["2026-01-31 09:30:00.123456+02", undefined, undefined, "2026-01-31T07:30:00.123456Z"],
    ["2026-01-31 09:30-05:30", undefined, undefined, "2026-01-31T15:00:00.000Z"],
    ["1996-07-04", undefined, "UTC", "1996-07-04T00:00:00.000Z"],
    ["1996-07-04 00:00:00", undefined, "+02:00", "1996-07-03T22:00:00.000Z"],
    ["2026-07-01 12:00:00", undefined, "Europe/Berlin", "2026-07-01T10:00:00.000000Z"],
    ["2026-01-01 12:00:00", undefined, "Europe/Berlin", "2026-01-01T11:00:00.000000Z"],
    ["2026-10-25 02:30:00", undefined, "Europe/Berlin", "2026-10-25T00:30:00.000000Z"],
    [1_769_851_800n, "seconds", undefined, "2026-01-31T09:30:00.000000Z"],
    [1_769_851_800_500n, "milliseconds", undefined, "2026-01-31T09:30:00.500000Z"],
    [1_769_851_800.25, "seconds", undefined, "2026-01-31T09:30:00.250000Z"],
    [-1n, "microseconds", undefined, "1969-12-31T23:59:59.999999Z"],
  ])("%s (%s, %s) is %s", (value, unit, zone, text) => {
    expect(readTime(value, unit, zone)?.text).toBe(text);
  });

  test("NULL is none", () => {
    expect(readTime(null, undefined, undefined)).toBeUndefined();
  });

  test.each<[SqlValue, TimeUnit | undefined, string | undefined, RegExp]>([
    ["1996-07-04 00:00:00", undefined, undefined, /names no zone.*timeZone/],
    ["2026-03-29 02:30:00", undefined, "Europe/Berlin", /does not exist in Europe\/Berlin/],
    ["2026-02-30", undefined, "UTC", /does not exist/],
    ["yesterday", undefined, "UTC", /not a time like/],
    ["", undefined, "UTC", /not a time like/],
    [5n, undefined, "UTC", /say what it counts/],
    [2n ** 62n, "seconds", "UTC", /not within the years/],
    [Number.NaN, "seconds", "UTC", /not within the years/],
    [true, "seconds", "UTC", /is boolean, not a time/],
  ])("%s (%s, %s) is refused", (value, unit, zone, message) => {
    expect(() => readTime(value, unit, zone)).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringMatching(message) }),
    );
  });
});

test.each(["UTC", "+02:00", "-05:30", "Europe/Berlin"])("%s is a zone", (zone) => {
  expect(() => checkZone(zone)).not.toThrow();
});

test.each(["Berlin", "", "2", "+99:00"])("%j is no zone", (zone) => {
  expect(() => checkZone(zone)).toThrow(expect.objectContaining({ code: "config-invalid" }));
});
