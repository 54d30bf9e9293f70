import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeArray } from "./encode-array.ts";

/** Reads what array_recv of PostgreSQL reads: dimensions, whether there are nulls, element type, length, lower bound, elements. */
function decodeArray(bytes: Buffer): { oid: number; hasNulls: boolean; elements: (Buffer | null)[] } {
  const dimensions = bytes.readInt32BE(0);
  const hasNulls = bytes.readInt32BE(4) === 1;
  const oid = bytes.readInt32BE(8);
  if (dimensions === 0) {
    expect(bytes).toHaveLength(12);
    return { oid, hasNulls, elements: [] };
  }
  expect([dimensions, bytes.readInt32BE(16)]).toEqual([1, 1]);
  const elements: (Buffer | null)[] = [];
  let at = 20;
  while (elements.length < bytes.readInt32BE(12)) {
    const length = bytes.readInt32BE(at);
    at += 4;
    elements.push(length === -1 ? null : bytes.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  expect(at).toBe(bytes.length);
  return { oid, hasNulls, elements };
}

const hex = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const uuid = hex.map((text) => text.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5"));

describe("an array is what Postgres reads", () => {
  test.each([
    ["text", 25, fc.string({ unit: "binary", maxLength: 60 }), (bytes: Buffer) => bytes.toString("utf8")],
    [
      "uuid",
      2950,
      uuid,
      (bytes: Buffer) => bytes.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5"),
    ],
    ["bytea", 17, fc.uint8Array({ maxLength: 60 }), (bytes: Buffer) => Uint8Array.from(bytes)],
    ["int4", 23, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (bytes: Buffer) => bytes.readInt32BE(0)],
    ["int8", 20, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (bytes: Buffer) => bytes.readBigInt64BE(0)],
  ] as const)("of %s", (kind, oid, element, read) => {
    fc.assert(
      fc.property(
        fc.array(fc.option<unknown>(element as fc.Arbitrary<unknown>, { freq: 6 }), { maxLength: 40 }),
        (values) => {
          const encoded = encodeArray(kind, values as never[]);
          if (values.length > 0 && values.every((value) => value === null)) {
            expect(encoded).toBeNull();
            return;
          }
          const decoded = decodeArray(encoded as Buffer);
          expect(decoded.oid).toBe(oid);
          expect(decoded.hasNulls).toBe(values.includes(null));
          expect(decoded.elements.map((bytes) => (bytes === null ? null : read(bytes)))).toEqual(values);
        },
      ),
    );
  });

  test("grows with what it is given, keeps no array in another's space, and lets go of much", () => {
    const small = encodeArray("text", ["first"]);
    const long = "ü".repeat(1_500_000);
    const large = encodeArray("text", ["a", long, "b"]);
    const after = encodeArray("text", ["other"]);
    expect(decodeArray(small as Buffer).elements.map(String)).toEqual(["first"]);
    expect(decodeArray(large as Buffer).elements.map(String)).toEqual(["a", long, "b"]);
    expect(decodeArray(after as Buffer).elements.map(String)).toEqual(["other"]);
  });
});
