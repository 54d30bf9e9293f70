import { describe, expect, test } from "vitest";
import { bytesToHex } from "./encode-bytes.ts";
import { i64, MAX_INT63, parseDecimal, u64 } from "./integers.ts";

test("integers are eight bytes, big-endian", () => {
  expect(bytesToHex(u64(258n))).toBe("0000000000000102");
  expect(bytesToHex(u64(2n ** 64n - 1n))).toBe("ffffffffffffffff");
  expect(bytesToHex(i64(-1n))).toBe("ffffffffffffffff");
  expect(bytesToHex(i64(MAX_INT63))).toBe("7fffffffffffffff");
});

test("integers that do not fit are refused", () => {
  for (const value of [-1n, 2n ** 64n, 1 as unknown as bigint]) {
    expect(() => u64(value)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  }
  for (const value of [-(2n ** 63n) - 1n, 2n ** 63n]) {
    expect(() => i64(value)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  }
});

describe("decimal text", () => {
  test.each(["0", "1", "17", "9223372036854775807"])("%s is a number", (text) => {
    expect(parseDecimal(text, "size")).toBe(BigInt(text));
  });

  test.each([
    "",
    "00",
    "01",
    "-1",
    "+1",
    "1.0",
    "1e3",
    " 1",
    "1\n",
    "0x1",
    "9223372036854775808",
    "99999999999999999999",
    "１",
  ])("%j is none", (text) => {
    expect(() => parseDecimal(text, "size")).toThrow(/size is not a decimal number/);
  });

  test("a value of another type is none either", () => {
    expect(() => parseDecimal(1 as unknown as string, "size")).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});
