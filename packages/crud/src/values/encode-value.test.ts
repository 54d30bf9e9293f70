import { canonicalJson, parseJson } from "@eventchain/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeValue, type EncodedValue, encodeValue } from "./encode-value.ts";
import { nameText, readText } from "./read-text.ts";
import { classOf, type SqlValue, sameValue } from "./sql-value.ts";

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);

const cases: readonly (readonly [string, SqlValue, EncodedValue])[] = [
  ["NULL", null, null],
  ["true", true, true],
  ["text", "Ünï ☃ 𝄞", "Ünï ☃ 𝄞"],
  ["empty text", "", ""],
  ["text that looks like a tag", '{"$int":"1"}', '{"$int":"1"}'],
  ["an integer", 42n, 42],
  ["the largest integer of a double", 2n ** 53n - 1n, 2 ** 53 - 1],
  ["an integer beyond it", 2n ** 53n, { $int: "9007199254740992" }],
  ["the least integer of 64 bits", -(2n ** 63n), { $int: "-9223372036854775808" }],
  ["a real with a fraction", 32.38, 32.38],
  ["the least real", 5e-324, 5e-324],
  ["a whole real, which is no integer", 2, { $real: "2" }],
  ["a large real", 1e300, { $real: "1e+300" }],
  ["-0", -0, { $real: "-0" }],
  ["NaN", Number.NaN, { $real: "NaN" }],
  ["Infinity", Number.POSITIVE_INFINITY, { $real: "Infinity" }],
  ["-Infinity", Number.NEGATIVE_INFINITY, { $real: "-Infinity" }],
  ["a numeric with its scale", { kind: "numeric", text: "1.50" }, { $numeric: "1.50" }],
  ["bytes", bytes(0, 255), { $blob: "AP8=" }],
  ["no bytes", bytes(), { $blob: "" }],
  ["text with U+0000", readText(bytes(97, 0, 98), "utf-8"), { $text: "YQBi" }],
  ["text that is not UTF-8", readText(bytes(97, 255), "utf-8"), { $text: "Yf8=" }],
  ["text with a lone surrogate", readText(bytes(0, 0xd8), "utf-16le"), { $utf16: "ANg=" }],
  [
    "a digest",
    { kind: "digest", of: "blob", sha256: "ab", bytes: 7 },
    { $digest: { of: "blob", sha256: "ab", bytes: 7 } },
  ],
];

describe("a value", () => {
  test.each(cases)("%s has its form, and that is the value", (_name, value, form) => {
    expect(encodeValue(value)).toEqual(form);
    const kept = (parseJson(canonicalJson({ form })) as { form: unknown }).form;
    const decoded = decodeValue(kept);
    expect(sameValue(decoded, value), `${classOf(decoded)} is ${classOf(value)}`).toBe(true);
  });

  test("no two of them are the same, or have the same form", () => {
    for (const [at, [, one, form]] of cases.entries()) {
      for (const [other, [, value, otherForm]] of cases.entries()) {
        expect(sameValue(one, value)).toBe(at === other);
        expect(JSON.stringify(form) === JSON.stringify(otherForm)).toBe(at === other);
      }
    }
  });

  test("text of UTF-8 and UTF-16 is a string where JSON can hold it", () => {
    expect(readText(Buffer.from("☃"), "utf-8")).toBe("☃");
    expect(readText(Buffer.from("☃𝄞", "utf16le"), "utf-16le")).toBe("☃𝄞");
    expect(readText(bytes(1), "utf-16le")).toMatchObject({ kind: "text", encoding: "utf-16le" });
  });

  test.each([
    [{ $int: "1.5" }],
    [{ $real: "x" }],
    [{ $other: "1" }],
    [{ $int: "1", $real: "1" }],
    [{}],
    [[1]],
    [{ $digest: { of: "blob" } }],
    [undefined],
  ])("%j is no form of a value", (form) => {
    expect(() => decodeValue(form)).toThrow(expect.objectContaining({ code: "invalid-value" }));
  });

  test.each<[SqlValue, string | undefined]>([
    [null, undefined],
    [7n, "7"],
    [7, "7.0"],
    [7.5, "7.5"],
    ["ALFKI", "ALFKI"],
    [true, "true"],
    [bytes(1, 171), "01ab"],
    [{ kind: "numeric", text: "7.0" }, "7.0"],
    [{ kind: "text", encoding: "utf-8", bytes: bytes(0) }, "00"],
  ])("%o is named %s in streams and tags", (value, text) => {
    expect(nameText(value)).toBe(text);
  });
});

const anyValue: fc.Arbitrary<SqlValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double(),
  fc.uint8Array(),
  fc.uint8Array().map((list) => readText(list, "utf-8")),
  fc.uint8Array().map((list) => readText(list, "utf-16le")),
);

test("any value, kept as canonical JSON, is the very same value of the same class", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const { form } = parseJson(canonicalJson({ form: encodeValue(value) })) as { form: unknown };
      expect(sameValue(decodeValue(form), value)).toBe(true);
    }),
  );
});

test("two values have the same form only if they are the same", () => {
  fc.assert(
    fc.property(anyValue, anyValue, (one, other) => {
      const same = canonicalJson({ form: encodeValue(one) }) === canonicalJson({ form: encodeValue(other) });
      expect(same).toBe(sameValue(one, other));
    }),
  );
});
