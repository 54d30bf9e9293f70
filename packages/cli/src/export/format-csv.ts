import { canonicalJson } from "@eventchain/core";
import { formatInstant, type LedgerEvent, stateAt } from "@eventchain/ledger";
import type { Watermarks } from "@eventchain/store";

/** The columns, in this order; further ones may come after them. */
export const CSV_COLUMNS = [
  "position",
  "version",
  "stream",
  "id",
  "type",
  "schema",
  "tags",
  "recordedAt",
  "actor",
  "correlationId",
  "causationId",
  "data",
  "metadata",
  "hash",
  "state",
] as const;

/** Of a stored event's text; nothing is refused here that the ledger took. */
const LIMITS = { maxBytes: Number.MAX_SAFE_INTEGER, maxDepth: 1_000 };

/** The first line, with its end. */
export function csvHeader(): string {
  return toLine(CSV_COLUMNS);
}

/**
 * An event as a record of RFC 4180: time in RFC 3339 with microseconds; tags, data and metadata as canonical JSON; an empty
 * field where there is nothing, or no more. Texts are as they were recorded, though a spreadsheet might take one for a formula.
 */
export function csvLine(event: LedgerEvent, watermarks: Watermarks): string {
  const { position, version, stream, id, type, schema, tags, recordedAtMicros, data, metadata, hash } = event;
  const fields: Record<(typeof CSV_COLUMNS)[number], string> = {
    position: position.toString(),
    version: version.toString(),
    stream,
    id,
    type,
    schema: schema.toString(),
    tags: canonicalJson(tags, LIMITS),
    recordedAt: formatInstant(recordedAtMicros),
    actor: textOf(metadata?.actor),
    correlationId: textOf(metadata?.correlationId),
    causationId: textOf(metadata?.causationId),
    data: data === null ? "" : canonicalJson(data, LIMITS),
    metadata: metadata === null ? "" : canonicalJson(metadata, LIMITS),
    hash,
    state: stateAt(position, watermarks),
  };
  return toLine(CSV_COLUMNS.map((column) => fields[column]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function toLine(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}\r\n`;
}
