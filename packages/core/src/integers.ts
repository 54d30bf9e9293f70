import type { Bytes } from "./encode-bytes.ts";
import { LedgerError } from "./errors.ts";

/** The greatest position, version or size: 2^63 − 1, as Postgres' `bigint`. */
export const MAX_INT63: bigint = 2n ** 63n - 1n;

/** 8 bytes, big-endian, unsigned. Throws `invalid-argument` outside 0 … 2^64 − 1. */
export function u64(value: bigint): Bytes {
  if (typeof value !== "bigint" || value < 0n || value >= 2n ** 64n) throw outOfRange("u64", value);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** 8 bytes, big-endian, two's complement. Throws `invalid-argument` outside ±2^63. */
export function i64(value: bigint): Bytes {
  if (typeof value !== "bigint" || value < -(2n ** 63n) || value > MAX_INT63) throw outOfRange("i64", value);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value);
  return bytes;
}

/**
 * A position, version or size of its decimal text: 0 … 2^63 − 1, no sign, no leading zeros, no space.
 * `what` names the value in the error, which is `invalid-argument`.
 */
export function parseDecimal(text: string, what: string): bigint {
  if (typeof text === "string" && /^(?:0|[1-9][0-9]{0,18})$/.test(text)) {
    const value = BigInt(text);
    if (value <= MAX_INT63) return value;
  }
  throw new LedgerError("invalid-argument", `${what} is not a decimal number from 0 to 2^63 − 1`, {
    values: { what, text: typeof text === "string" ? text.slice(0, 40) : typeof text },
  });
}

function outOfRange(kind: string, value: unknown): LedgerError {
  const given = typeof value === "bigint" ? value : typeof value;
  return new LedgerError("invalid-argument", `${kind} cannot hold ${given}`, { values: { value: given } });
}
