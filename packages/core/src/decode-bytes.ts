import { type Bytes, bytesToBase64 } from "./encode-bytes.ts";
import { LedgerError } from "./errors.ts";

/**
 * Bytes of lower-case hex without a prefix.
 * Throws `invalid-argument` for upper case, an odd length, or another number of bytes than `length`.
 */
export function hexToBytes(hex: string, length?: number): Bytes {
  if (typeof hex !== "string" || hex.length % 2 !== 0) throw notHex();
  checkLength("hex", hex.length / 2, length);
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = (digit(hex.charCodeAt(2 * i)) << 4) | digit(hex.charCodeAt(2 * i + 1));
    if (byte < 0) throw notHex();
    bytes[i] = byte;
  }
  return bytes;
}

/**
 * Bytes of standard base64 with padding, in its one canonical form (RFC 4648 sections 3.5 and 4).
 * Throws `invalid-argument` for anything else, or another number of bytes than `length`.
 */
export function base64ToBytes(text: string, length?: number): Bytes {
  if (typeof text !== "string" || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new LedgerError("invalid-argument", "not standard base64 with padding");
  }
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  // Bits left over in the last digit must be zero, or two texts would mean the same bytes.
  if (bytesToBase64(bytes) !== text) throw new LedgerError("invalid-argument", "base64 is not in its canonical form");
  checkLength("base64", bytes.length, length);
  return bytes;
}

/** The value of a lower-case hex digit, or −1, which stays negative when shifted or joined. */
function digit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  return unit >= 0x61 && unit <= 0x66 ? unit - 0x57 : -1;
}

function notHex(): LedgerError {
  return new LedgerError("invalid-argument", "not lower-case hex");
}

function checkLength(what: string, actual: number, expected: number | undefined): void {
  if (expected === undefined || actual === expected) return;
  throw new LedgerError("invalid-argument", `${what} of ${actual} bytes where ${expected} are needed`, {
    values: { actual, expected },
  });
}
