import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../encode-bytes.ts";
import { platform as browser } from "./browser.ts";
import { isSoundKey } from "./is-sound-key.ts";
import { platform as node } from "./node.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const implementations = [
  ["node", node],
  ["browser", browser],
] as const;

describe("Node's library and the browser's", () => {
  test("give the same digests", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        expect(node.sha256(message)).toEqual(browser.sha256(message));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
        expect(node.sha256(text)).toEqual(node.sha256(utf8(text)));
        expect(browser.sha256(text)).toEqual(node.sha256(text));
      }),
      { examples: [["\ud800"], ["é🖨"], [""]] },
    );
  });

  test("give the same keys and signatures, and each takes the other's", () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 100 }), (seed, message) => {
        const key = node.ed25519PublicKey(seed);
        const signature = node.ed25519Sign(message, seed);
        expect(browser.ed25519PublicKey(seed)).toEqual(key);
        expect(browser.ed25519Sign(message, seed)).toEqual(signature);
        expect(node.ed25519Verify(message, signature, key)).toBe(true);
        expect(browser.ed25519Verify(message, signature, key)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test("refuse a signature with any one bit changed, in it, the message or the key", () => {
    const seed = new Uint8Array(32).fill(3);
    const parts = [Uint8Array.of(1, 2, 3), node.ed25519Sign(Uint8Array.of(1, 2, 3), seed), node.ed25519PublicKey(seed)];
    fc.assert(
      fc.property(fc.nat({ max: 2 }), fc.nat(), (which, at) => {
        const changed = parts.map((part) => part.slice());
        const part = changed[which] as Uint8Array;
        const bit = at % (8 * part.length);
        part[bit >> 3] = (part[bit >> 3] as number) ^ (1 << (bit & 7));
        const [message, signature, key] = changed as [Uint8Array, Uint8Array, Uint8Array];
        for (const [name, crypto] of implementations)
          expect([name, crypto.ed25519Verify(message, signature, key)]).toEqual([name, false]);
      }),
      { numRuns: 60 },
    );
  });

  test("answer alike, without a throw, for what is not a signature or a key at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 40 }), (signature, key) => {
        for (const [, crypto] of implementations)
          expect(crypto.ed25519Verify(Uint8Array.of(1), signature, key)).toBe(false);
      }),
    );
  });

  test("draw random bytes of the length asked for, never the same twice", () => {
    for (const [, crypto] of implementations) {
      expect(crypto.randomBytes(16)).toHaveLength(16);
      expect(crypto.randomBytes(16)).not.toEqual(crypto.randomBytes(16));
    }
  });
});

describe("a sound key", () => {
  const { Point } = ed25519;

  test("is none of the eight points of small order", () => {
    const torsion = Point.fromBytes(smallOrderEncoding(), true);
    expect(torsion.isSmallOrder()).toBe(true);
    const points = Array.from({ length: 8 }, (_, n) => (n === 0 ? Point.ZERO : torsion.multiplyUnsafe(BigInt(n))));
    const encodings = points.map((point) => point.toBytes());
    expect(new Set(encodings.map((encoding) => encoding.toString())).size).toBe(8);
    for (const encoding of encodings) expect(isSoundKey(encoding)).toBe(false);
  });

  test("refuses the signatures that such a key would verify for any message", () => {
    // R = S·B − k·A with A of order one: any S and R = S·B.
    const identity = Point.ZERO.toBytes();
    const forged = new Uint8Array([...Point.BASE.toBytes(), 1, ...new Uint8Array(31)]);
    for (const [, crypto] of implementations)
      expect(crypto.ed25519Verify(Uint8Array.of(9), forged, identity)).toBe(false);
  });

  test("is canonical: y below the field's prime", () => {
    const prime = 2n ** 255n - 19n;
    for (let y = prime; y < 2n ** 255n; y++) expect(isSoundKey(littleEndian(y))).toBe(false);
    expect(isSoundKey(littleEndian(prime - 3n))).toBe(true);
    expect(isSoundKey(new Uint8Array(31).fill(1))).toBe(false);
  });

  /** A point of order 8: a point of the whole curve times the order of the main subgroup. */
  function smallOrderEncoding(): Uint8Array {
    for (let y = 2n; ; y++) {
      try {
        const point = Point.fromBytes(littleEndian(y), true)
          .multiplyUnsafe(Point.Fn.ORDER - 1n)
          .add(Point.fromBytes(littleEndian(y), true));
        if (!point.multiplyUnsafe(4n).equals(Point.ZERO)) return point.toBytes();
      } catch {
        // No point of the curve has this y.
      }
    }
  }

  function littleEndian(value: bigint): Uint8Array {
    return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
  }
});
