import { platform } from "#crypto";
import { type Bytes, bytesToHex } from "./encode-bytes.ts";
import { LedgerError } from "./errors.ts";

/** `length` bytes fit for keys and salts. */
export function randomBytes(length: number): Bytes {
  return platform.randomBytes(length);
}

/**
 * A UUIDv7 in lower case (RFC 9562 section 5.7): 48 bits of `nowMs`, milliseconds since 1970-01-01 UTC, then 74 random bits.
 * `random`: 10 bytes or more, of which the first 10 are used; default the platform's generator.
 */
export function uuidv7(nowMs: bigint, random: Bytes = randomBytes(10)): string {
  if (nowMs < 0n || nowMs >= 2n ** 48n || random.length < 10) {
    throw new LedgerError("invalid-argument", "a UUIDv7 takes 48 bits of time and 10 random bytes");
  }
  const tail = random.slice(0, 10);
  tail[0] = 0x70 | ((tail[0] ?? 0) & 0x0f);
  tail[2] = 0x80 | ((tail[2] ?? 0) & 0x3f);
  const hex = nowMs.toString(16).padStart(12, "0") + bytesToHex(tail);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
