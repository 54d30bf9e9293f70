import { type Bytes, LedgerError } from "@eventchain/core";
import type { Row } from "./open-snapshot.ts";

// An administrator may allow nulls where the tables allow none. Such a column reads as a value that fits nothing, so that it
// becomes a finding and does not keep the verifier from its work.

/** The text of a column; null is empty. */
export function textAt(row: Row, column: number): string {
  return row[column] ?? "";
}

/** A bigint or integer column; null is −1. */
export function integerAt(row: Row, column: number): bigint {
  const text = row[column] ?? "-1";
  if (/^-?\d+$/.test(text)) return BigInt(text);
  throw new LedgerError("database-failed", "a column that holds integers was given another type", {
    values: { column },
  });
}

/** A bytea column; null is empty. */
export function bytesAt(row: Row, column: number): Bytes {
  return fromBytea(textAt(row, column));
}

/** The bytes of a bytea's text. */
export function fromBytea(text: string): Bytes {
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

/** 0x and hex of a bytea column; null is 0x. */
export function hexAt(row: Row, column: number): string {
  return `0x${textAt(row, column).slice(2)}`;
}
