import * as nodeCrypto from "node:crypto";
import type { Bytes } from "../encode-bytes.ts";
import { isSoundKey } from "./is-sound-key.ts";
import type { PlatformCrypto } from "./types.ts";

/** DER that stands before the seed (RFC 5958, RFC 8410) and before the public key (RFC 5280, RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** Random bytes drawn ahead: a call of the generator for each salt costs as much as 30 copies of its 16 bytes. */
const ahead = new Uint8Array(4096);
let used = ahead.length;
/** Salts and ids. What is longer, as keys are, was never in memory before it was asked for. */
const LONGEST_DRAWN = 16;

/** Each byte is given out once. */
function drawBytes(length: number): Bytes {
  if (used + length > ahead.length) {
    nodeCrypto.randomFillSync(ahead);
    used = 0;
  }
  const bytes = ahead.slice(used, used + length);
  used += length;
  return bytes;
}

/** Node's own library. */
export const platform: PlatformCrypto = {
  sha256(message) {
    // A digest given as one character a byte comes back twice as fast as one in a Buffer (Node 24, inputs of a few hundred bytes).
    const digest = nodeCrypto.hash("sha256", message, "binary");
    const bytes = new Uint8Array(32);
    for (let i = 0; i < 32; i++) bytes[i] = digest.charCodeAt(i);
    return bytes;
  },
  randomBytes: (length) => (length <= LONGEST_DRAWN ? drawBytes(length) : plain(nodeCrypto.randomBytes(length))),
  ed25519PublicKey(seed) {
    const spki = nodeCrypto.createPublicKey(privateKey(seed)).export({ format: "der", type: "spki" });
    return plain(spki).slice(SPKI_PREFIX.length);
  },
  ed25519Sign: (message, seed) => plain(nodeCrypto.sign(null, message, privateKey(seed))),
  ed25519Verify(message, signature, publicKey) {
    if (signature.length !== 64 || !isSoundKey(publicKey)) return false;
    try {
      const key = Buffer.concat([SPKI_PREFIX, publicKey]);
      const verifier = nodeCrypto.createPublicKey({ key, format: "der", type: "spki" });
      return nodeCrypto.verify(null, message, verifier, signature);
    } catch {
      return false;
    }
  },
};

function privateKey(seed: Bytes): nodeCrypto.KeyObject {
  if (seed.length !== 32) throw new RangeError("an Ed25519 seed has 32 bytes");
  return nodeCrypto.createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
}

/** The same memory as a plain array: a Buffer prints, compares and slices in ways of its own. */
function plain(buffer: Buffer): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
