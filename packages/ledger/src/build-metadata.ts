import { LedgerError } from "@eventchain/core";
import { checkPlainObject } from "./check-keys.ts";
import { parseInstant } from "./parse-instant.ts";
import type { AppendOptions, JsonObject, RequiredKey } from "./types.ts";

/** The options that become metadata under their own names. */
export const METADATA_OPTIONS = [
  "actor",
  "ip",
  "userAgent",
  "reason",
  "correlationId",
  "causationId",
  "occurredAt",
] as const;

/** What tells one sending of a request from another, and so is no part of what was asked for. */
const ID_KEYS: readonly string[] = ["commandId", "correlationId", "causationId"];

/**
 * The metadata that an append's options give to each of its events, without the command id.
 * Errors: LedgerError `invalid-argument` for a key given twice, `invalid-name` for a reserved one.
 */
export function sharedMetadata(options: AppendOptions): JsonObject {
  const metadata: JsonObject = {};
  for (const key of METADATA_OPTIONS) {
    const value = options[key];
    if (value === undefined) continue;
    setKey(metadata, key, key === "occurredAt" ? instantText(value) : text(key, value));
  }
  if (options.metadata !== undefined) addMetadata(metadata, options.metadata, "option metadata");
  return metadata;
}

/**
 * Refuses metadata without a text of at least one character under each key that the ledger requires.
 * Errors: LedgerError `invalid-argument`, naming all that lack one.
 */
export function requireMetadata(required: readonly RequiredKey[], metadata: JsonObject, what: string): void {
  if (required.length === 0) return;
  const missing = required.filter((key) => {
    const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    return typeof value !== "string" || value === "";
  });
  if (missing.length === 0) return;
  throw new LedgerError(
    "invalid-argument",
    `${what} lacks ${missing.join(", ")}: this ledger requires a text of at least one character for each`,
    {
      values: { missing },
    },
  );
}

/** The whole metadata of one event: the append's, the event's own, and the command id. */
export function eventMetadata(shared: JsonObject, own: unknown, commandId: string | undefined): JsonObject {
  const metadata: JsonObject = { ...shared };
  if (own !== undefined) addMetadata(metadata, own, "metadata");
  if (commandId !== undefined) setKey(metadata, "commandId", commandId);
  return metadata;
}

/** Metadata without the ids of the request that carried it. */
export function withoutIds(metadata: JsonObject): JsonObject {
  const rest: JsonObject = {};
  for (const key of Object.keys(metadata)) if (!ID_KEYS.includes(key)) setKey(rest, key, metadata[key]);
  return rest;
}

function addMetadata(metadata: JsonObject, source: unknown, what: string): void {
  checkPlainObject(source, what);
  for (const [key, value] of Object.entries(source)) {
    if (value === undefined) continue;
    if (key.startsWith("$"))
      throw new LedgerError(
        "invalid-name",
        `${what} has the key ${JSON.stringify(key)}: names that begin with $ are the ledger's own`,
        { values: { key } },
      );
    if (key === "commandId")
      throw new LedgerError("invalid-argument", `${what} has commandId: give it as the option commandId`, {
        values: { key },
      });
    if (Object.hasOwn(metadata, key))
      throw new LedgerError("invalid-argument", `${what} gives ${JSON.stringify(key)} a second time: give it once`, {
        values: { key },
      });
    setKey(metadata, key, value);
  }
}

/** A key such as "__proto__" becomes a property like any other. */
function setKey(metadata: JsonObject, key: string, value: unknown): void {
  if (key in metadata)
    Object.defineProperty(metadata, key, { value, enumerable: true, configurable: true, writable: true });
  else metadata[key] = value;
}

function text(key: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new LedgerError("invalid-argument", `option ${key} is not a text of at least one character`, {
    values: { option: key },
  });
}

function instantText(value: unknown): string {
  if (!(value instanceof Date)) return parseInstant(text("occurredAt", value), "option occurredAt").text;
  if (Number.isNaN(value.getTime()))
    throw new LedgerError("invalid-argument", "option occurredAt is an invalid Date", {
      values: { option: "occurredAt" },
    });
  return parseInstant(value.toISOString(), "option occurredAt").text;
}
