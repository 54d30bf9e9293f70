import { platform } from "#crypto";
import { type Bytes, HEX_OF_BYTE } from "./encode-bytes.ts";
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
  const hex = (at: number): string => HEX_OF_BYTE[random[at] ?? 0] ?? "";
  const version = HEX_OF_BYTE[0x70 | ((random[0] ?? 0) & 0x0f)];
  const variant = HEX_OF_BYTE[0x80 | ((random[2] ?? 0) & 0x3f)];
  return `${timePart(nowMs)}-${version}${hex(1)}-${variant}${hex(3)}-${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}`;
}

let lastMs = -1n;
let lastPart = "";

/** The first 12 digits; most ids of a busy process are of the millisecond of the one before. */
function timePart(nowMs: bigint): string {
  if (nowMs === lastMs) return lastPart;
  const hex = nowMs.toString(16).padStart(12, "0");
  lastMs = nowMs;
  lastPart = `${hex.slice(0, 8)}-${hex.slice(8)}`;
  return lastPart;
}
