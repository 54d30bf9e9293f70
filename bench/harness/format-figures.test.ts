import { expect, test } from "vitest";
import { formatFigure, formatTable, formatTick, roundFigure } from "./format-figures.ts";

test("figures keep what can be told apart", () => {
  expect([0.01234, 0.5, 1.234, 12.34, 123.4, 21_600.4, Number.NaN].map(formatFigure)).toEqual([
    "0.012",
    "0.500",
    "1.23",
    "12.3",
    "123",
    "21,600",
    "–",
  ]);
  expect([123_456.789, 0.000123456, 0].map((value) => roundFigure(value))).toEqual([123_460, 0.00012346, 0]);
});

test("columns are aligned", () => {
  expect(formatTable(["name", "n"], [["a long name", "1"], ["b"]])).toBe(
    "| name        |   n |\n| ----------- | --: |\n| a long name |   1 |\n| b           |     |",
  );
});

test("marks of an axis are short", () => {
  expect([0, 500, 9_000, 20_000, 1_500_000].map(formatTick)).toEqual(["0", "500", "9000", "20k", "1.5M"]);
});
