import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, equalBytes, utf8 } from "../encode-bytes.ts";
import { isSoundKey } from "./is-sound-key.ts";
import type { PlatformCrypto } from "./types.ts";

const { Point } = ed25519;
const GROUP_ORDER = Point.Fn.ORDER;

/** The noble packages, for a browser or any other place without `node:crypto`. */
export const platform: PlatformCrypto = {
  sha256: (message) => sha256(typeof message === "string" ? utf8(message) : message),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  ed25519PublicKey: (seed) => ed25519.getPublicKey(seed),
  ed25519Sign: (message, seed) => ed25519.sign(message, seed),
  // The package's own check multiplies by the cofactor and Node's does not: signatures exist that only one would take.
  ed25519Verify(message, signature, publicKey) {
    if (signature.length !== 64 || !isSoundKey(publicKey)) return false;
    const encodedR = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32));
    if (s >= GROUP_ORDER) return false;
    try {
      const key = Point.fromBytes(publicKey, false);
      const k = littleEndian(sha512(concatBytes(encodedR, publicKey, message))) % GROUP_ORDER;
      const r = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k));
      return equalBytes(r.toBytes(), encodedR);
    } catch {
      return false;
    }
  },
};

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
}
