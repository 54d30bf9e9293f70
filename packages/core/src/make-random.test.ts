import { expect, test } from "vitest";
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

test("a time or randomness that does not fit is refused", () => {
  for (const nowMs of [-1n, 2n ** 48n]) expect(() => uuidv7(nowMs)).toThrow(/48 bits/);
  expect(() => uuidv7(0n, new Uint8Array(9))).toThrow(/10 random bytes/);
  expect(randomBytes(0)).toHaveLength(0);
});
