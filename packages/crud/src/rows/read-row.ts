import { createHash } from "node:crypto";
import { canonicalJson } from "@eventchain/core";
import { expandTemplate, type Template } from "../map/expand-template.ts";
import type { FittedTable } from "../map/fit-map.ts";
import { type EncodedRow, encodeRow, encodeValue } from "../values/encode-value.ts";
import { nameText } from "../values/read-text.ts";
import type { SqlRow, SqlValue } from "../values/sql-value.ts";
import type { RowImage } from "./diff-rows.ts";

/** What is wrong with a row, in words that follow the row's name. */
export class RowError extends Error {}

/** What tells a row from the others of its table. */
export interface RowKey {
  readonly forms: EncodedRow;
  /** Canonical JSON. */
  readonly text: string;
  /** For messages, such as `OrderID 10248`. */
  readonly shown: string;
}

/** A row's key. */
export function readKey(table: Pick<FittedTable, "key">, row: SqlRow): RowKey {
  const forms = Object.fromEntries(table.key.map((column) => [column, encodeValue(row.get(column) ?? null)]));
  const shown = table.key.map((column) => `${column} ${nameText(row.get(column) ?? null)?.slice(0, 80) ?? "NULL"}`);
  return { forms, text: canonicalJson(forms), shown: shown.join(", ") };
}

/** A row's stream. Errors: RowError where a column of its key is NULL, or empty. */
export function readStream(table: Pick<FittedTable, "key" | "stream">, row: SqlRow): string {
  const missing = table.key.find((column) => (row.get(column) ?? null) === null);
  if (missing !== undefined) throw new RowError(`has NULL in ${JSON.stringify(missing)}, a column of its key`);
  const expanded = expandTemplate(table.stream, (column) => nameText(row.get(column) ?? null) ?? "");
  if ("text" in expanded) return expanded.text;
  throw new RowError(`has nothing in ${JSON.stringify(expanded.emptyColumn)}, which its stream is named after`);
}

/** A row's tags, each once; those of which a column is NULL or empty are left out. */
export function readTags(tags: readonly Template[], row: SqlRow): string[] {
  const texts = tags.flatMap((tag) => {
    const expanded = expandTemplate(tag, (column) => nameText(row.get(column) ?? null) ?? "");
    return "text" in expanded ? [expanded.text] : [];
  });
  return [...new Set(texts)];
}

/** The part of a row that events hold, with digests where the map wants them. */
export function readValues(table: Pick<FittedTable, "values" | "digest">, row: SqlRow): SqlRow {
  return new Map(
    table.values.map((column) => {
      const value = row.get(column) ?? null;
      return [column, table.digest.has(column) ? digestOf(value) : value];
    }),
  );
}

/** What a row says that its entity is after it: null where it says that it was deleted. Errors: RowError. */
export function readImage(table: FittedTable, row: SqlRow): RowImage {
  return isDeletion(table, row) ? null : encodeRow(readValues(table, row));
}

/** Whether a row of a history says that its entity was deleted. Errors: RowError for an operation the map does not know. */
export function isDeletion({ history }: Pick<FittedTable, "history">, row: SqlRow): boolean {
  const operation = history?.operation;
  if (operation === undefined) return false;
  const mark = nameText(row.get(operation.column) ?? null);
  const is = (marks: string | readonly string[]): boolean => mark !== undefined && [marks].flat().includes(mark);
  if (is(operation.delete)) return true;
  if (is(operation.insert) || is(operation.update)) return false;
  throw new RowError(`has operation ${JSON.stringify(mark ?? null)}, which the map's history.operation does not know`);
}

/** Blobs and texts have digests; other values are short, and stay. */
function digestOf(value: SqlValue): SqlValue {
  const bytes = typeof value === "string" ? Buffer.from(value) : value instanceof Uint8Array ? value : rawBytes(value);
  if (bytes === undefined) return value;
  const of = value instanceof Uint8Array ? "blob" : "text";
  return { kind: "digest", of, sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}

function rawBytes(value: SqlValue): Uint8Array | undefined {
  const isRaw = typeof value === "object" && value !== null && "kind" in value && value.kind === "text";
  return isRaw ? value.bytes : undefined;
}
