import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesToHex } from "./encode-bytes.ts";
import { randomBytes, uuidv7 } from "./make-random.ts";

test("a UUIDv7 begins with its milliseconds and says its version and variant", () => {
  expect(uuidv7(0x0123456789abn, new Uint8Array(10))).toBe("01234567-89ab-7000-8000-000000000000");
  expect(uuidv7(2n ** 48n - 1n, new Uint8Array(10).fill(255))).toBe("ffffffff-ffff-7fff-bfff-ffffffffffff");
  expect(uuidv7(5n)).not.toBe(uuidv7(5n));
});

test("the example of RFC 9562, appendix A.6", () => {
  const random = Uint8Array.from(Buffer.from("0cc318c4dc0c0c07398f", "hex"));
  expect(uuidv7(0x017f22e279b0n, random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
});

test("ids of many milliseconds, in any order, each begin with their own", () => {
  const millis = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 48n - 1n }), fc.constantFrom(5n, 6n));
  fc.assert(
    fc.property(fc.array(fc.tuple(millis, fc.uint8Array({ minLength: 10, maxLength: 12 }))), (given) => {
      for (const [nowMs, random] of given) {
        const bits = BigInt(`0x${bytesToHex(random.slice(0, 10))}`);
        const rest = (bits & (2n ** 76n - 1n)) | (7n << 76n);
        const marked = (rest & ~(3n << 62n)) | (2n << 62n);
        const hex = ((nowMs << 80n) | marked).toString(16).padStart(32, "0");
        expect(uuidv7(nowMs, random)).toBe(hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"));
      }
    }),
  );
});

test("random bytes have the length asked for, memory of their own, and are never given twice", () => {
  const seen = new Set<string>();
  const drawn: Uint8Array[] = [];
  for (let i = 0; i < 3_000; i++) {
    const bytes = randomBytes(8 + (i % 25));
    expect(bytes).toHaveLength(8 + (i % 25));
    seen.add(bytesToHex(bytes.subarray(0, 8)));
    drawn.push(bytes);
  }
  expect(seen.size).toBe(3_000);
  const [first, ...rest] = drawn as [Uint8Array, ...Uint8Array[]];
  const before = rest.map(bytesToHex);
  first.fill(0);
  expect(rest.map(bytesToHex)).toEqual(before);
});

test("a time or randomness that does not fit is refused", () => {
  for (const nowMs of [-1n, 2n ** 48n]) expect(() => uuidv7(nowMs)).toThrow(/48 bits/);
  expect(() => uuidv7(0n, new Uint8Array(9))).toThrow(/10 random bytes/);
  expect(randomBytes(0)).toHaveLength(0);
});
