import { LedgerError } from "@eventchain/core";
import type { SqlRow, SqlValue } from "./sql-value.ts";

/**
 * A value as events hold it. What JSON has one clear form for is that; all else is an object with one key that begins with
 * `$`. No two values have the same form, and each form is decoded to the very same value and storage class:
 *
 * | value | form |
 * |---|---|
 * | NULL | `null` |
 * | text | a string; `{"$text": base64}` of UTF-8 or `{"$utf16": base64}` of UTF-16LE where JSON cannot hold it |
 * | integer | a number up to ±(2^53 − 1), else `{"$int": "9223372036854775807"}` |
 * | real | a number where it has a fraction, else `{"$real": "2"}`, also "-0", "NaN", "Infinity", "-Infinity" |
 * | numeric | `{"$numeric": "1.50"}` |
 * | boolean | `true`, `false` |
 * | blob | `{"$blob": base64}` |
 * | a digest in a value's place | `{"$digest": {"of": "blob", "sha256": hex, "bytes": 12}}` |
 */
export type EncodedValue = null | string | number | boolean | { readonly [tag: string]: unknown };

/** A row as events hold it. */
export type EncodedRow = Readonly<Record<string, EncodedValue>>;

/** See {@link EncodedValue}. */
export function encodeValue(value: SqlValue): EncodedValue {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return isSafe(value) ? Number(value) : { $int: value.toString() };
  if (typeof value === "number") return encodeReal(value);
  if (value instanceof Uint8Array) return { $blob: base64(value) };
  if (value.kind === "numeric") return { $numeric: value.text };
  if (value.kind === "digest") return { $digest: { of: value.of, sha256: value.sha256, bytes: value.bytes } };
  return { [value.encoding === "utf-8" ? "$text" : "$utf16"]: base64(value.bytes) };
}

/**
 * The value that a form stands for.
 * Errors: LedgerError `invalid-value` for what `encodeValue` never makes.
 */
export function decodeValue(form: unknown): SqlValue {
  if (form === null || typeof form === "boolean" || typeof form === "string") return form;
  if (typeof form === "number") return Number.isInteger(form) ? BigInt(form) : form;
  const [[tag, content] = [], ...more] = typeof form === "object" ? Object.entries(form) : [];
  if (tag !== undefined && more.length === 0) {
    if (tag === "$digest") return decodeDigest(content);
    if (typeof content === "string") {
      const value = decodeTagged(tag, content);
      if (value !== undefined) return value;
    }
  }
  throw new LedgerError("invalid-value", `${JSON.stringify(form)?.slice(0, 80)} is not the form of a table's value`);
}

/** A row's values in their forms; a column may have any name. */
export function encodeRow(row: SqlRow): EncodedRow {
  return Object.fromEntries([...row].map(([column, value]) => [column, encodeValue(value)]));
}

/** Errors: as `decodeValue`. */
export function decodeRow(row: EncodedRow): SqlRow {
  return new Map(Object.entries(row).map(([column, form]) => [column, decodeValue(form)]));
}

function encodeReal(value: number): EncodedValue {
  if (Number.isFinite(value) && !Number.isInteger(value)) return value;
  return { $real: Object.is(value, -0) ? "-0" : String(value) };
}

function decodeTagged(tag: string, content: string): SqlValue | undefined {
  if (tag === "$int") return /^-?\d+$/.test(content) ? BigInt(content) : undefined;
  if (tag === "$real") return content === "NaN" || !Number.isNaN(Number(content)) ? Number(content) : undefined;
  if (tag === "$numeric") return { kind: "numeric", text: content };
  if (tag === "$blob") return Uint8Array.from(Buffer.from(content, "base64"));
  if (tag === "$text") return { kind: "text", encoding: "utf-8", bytes: Buffer.from(content, "base64") };
  if (tag === "$utf16") return { kind: "text", encoding: "utf-16le", bytes: Buffer.from(content, "base64") };
  return undefined;
}

function decodeDigest(content: unknown): SqlValue {
  const { of, sha256, bytes } = (content ?? {}) as Record<string, unknown>;
  if ((of === "blob" || of === "text") && typeof sha256 === "string" && typeof bytes === "number")
    return { kind: "digest", of, sha256, bytes };
  throw new LedgerError("invalid-value", "a digest has no `of`, `sha256` and `bytes`");
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
