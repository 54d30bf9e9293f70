import { type Bytes, LedgerError } from "@eventchain/core";
import type { Row } from "./open-snapshot.ts";

/** The text of a column that is never null in a sound database. */
export function textAt(row: Row, column: number): string {
  const value = row[column];
  if (value === null || value === undefined) throw unreadable(column);
  return value;
}

/** A bigint or integer column. */
export function integerAt(row: Row, column: number): bigint {
  const text = textAt(row, column);
  if (!/^-?\d+$/.test(text)) throw unreadable(column);
  return BigInt(text);
}

/** A bytea column. */
export function bytesAt(row: Row, column: number): Bytes {
  return fromBytea(textAt(row, column));
}

/** The bytes of a bytea's text. */
export function fromBytea(text: string): Bytes {
  return new Uint8Array(Buffer.from(text.slice(2), "hex"));
}

/** 0x and hex of a bytea's text. */
export function hexAt(row: Row, column: number): string {
  return `0x${textAt(row, column).slice(2)}`;
}

function unreadable(column: number): LedgerError {
  return new LedgerError("database-failed", `a column that is never null, or always a number, is not (${column})`);
}
