import fc from "fast-check";
import { expect, test } from "vitest";
import { MultisetKey } from "./multiset-key.ts";

const key = new MultisetKey(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));

/** The image of texts that stand somewhere in a larger array. */
function image(kind: number, position: number, texts: readonly Uint8Array[], before = 3, after = 9): string {
  key.begin(kind);
  key.integer(position);
  for (const text of texts) {
    const bytes = new Uint8Array(before + text.length + after).fill(0xee);
    bytes.set(text, before);
    key.bytes(new DataView(bytes.buffer), before, text.length);
  }
  key.end();
  return `${key.low} ${key.high}`;
}

const texts = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 });
const item = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(2 ** 53 - 1), texts);

test("an image depends on the item alone, and not on what stands around it", () => {
  fc.assert(
    fc.property(item, fc.nat(9), fc.nat(9), (given, before, after) => {
      expect(image(...given, before, after)).toBe(image(...given));
    }),
  );
});

test("items that differ have images that differ", () => {
  fc.assert(
    fc.property(item, item, (a, b) => {
      const isSame = JSON.stringify(a) === JSON.stringify(b);
      expect(image(...a) === image(...b)).toBe(isSame);
    }),
    { numRuns: 1_000 },
  );
  const [ab, c, a, bc] = ["ab", "c", "a", "bc"].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer, Buffer];
  expect(image(1, 1, [ab, c])).not.toBe(image(1, 1, [a, bc]));
  expect(image(1, 1, [ab])).not.toBe(image(1, 1, [Buffer.from("ab\0")]));
  expect(image(1, 2 ** 32, [])).not.toBe(image(1, 0, []));
});

test("another key gives other images", () => {
  const other = new MultisetKey(Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1));
  key.begin(1);
  key.end();
  other.begin(1);
  other.end();
  expect([other.low, other.high]).not.toEqual([key.low, key.high]);
});
