import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { base64ToBytes, hexToBytes } from "./decode-bytes.ts";
import { bytesToBase64, bytesToHex, concatBytes, equalBytes, utf8 } from "./encode-bytes.ts";

describe("hex", () => {
  test("comes back as it went", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(hexToBytes(bytesToHex(bytes), bytes.length)).toEqual(bytes);
      }),
    );
    expect(bytesToHex(Uint8Array.of(0, 10, 255))).toBe("000aff");
  });

  test.each(["0", "0g", "AB", "0x00", " 00", "0ー", "00\n"])("refuses %j", (text) => {
    expect(() => hexToBytes(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });

  test("refuses another length than the one asked for, and says both", () => {
    expect(() => hexToBytes("0000", 3)).toThrow(expect.objectContaining({ values: { actual: 2, expected: 3 } }));
  });
});

describe("base64", () => {
  test("comes back as it went, and agrees with Node's", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(bytesToBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        expect(base64ToBytes(bytesToBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each(["A", "AA", "AA=", "AAA", "AB==", "AAB=", "====", "AA==AAAA", "A A=", "AA-_", "AAAA\n"])(
    "refuses %j",
    (text) => {
      expect(() => base64ToBytes(text)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    },
  );

  test("refuses another length than the one asked for", () => {
    expect(() => base64ToBytes("AAAA", 4)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });
});

test("bytes are joined in order and compared whole", () => {
  expect(concatBytes(utf8("é"), new Uint8Array(0), Uint8Array.of(1))).toEqual(Uint8Array.of(0xc3, 0xa9, 1));
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
});
