import { isUtf8 } from "node:buffer";
import type { SqlValue } from "./sql-value.ts";

/** Text of a source's bytes: a string where JSON can hold it, else the bytes themselves. */
export function readText(bytes: Uint8Array, encoding: "utf-8" | "utf-16le"): SqlValue {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const raw = { kind: "text", encoding, bytes } as const;
  if (encoding === "utf-8") {
    if (!isUtf8(buffer) || buffer.includes(0)) return raw;
    return buffer.toString("utf8");
  }
  if (buffer.length % 2 !== 0) return raw;
  const text = buffer.toString("utf16le");
  return text.isWellFormed() && !text.includes("\0") ? text : raw;
}

/**
 * A value as text, for the names of streams and tags; undefined for NULL. Integers and reals as SQL writes them ("2", "2.0"),
 * bytes in hex.
 */
export function nameText(value: SqlValue): string | undefined {
  if (value === null) return undefined;
  if (typeof value === "number") return Number.isInteger(value) ? value.toFixed(1) : String(value);
  if (typeof value === "string" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (value instanceof Uint8Array) return hex(value);
  if (value.kind === "numeric") return value.text;
  return value.kind === "digest" ? value.sha256 : hex(value.bytes);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
