import { bytesToHex, compareUtf8 } from "@eventchain/core";
import type { JsonObject, LedgerOptions } from "../types.ts";
import { collectDefinitions } from "./collect-definitions.ts";
import { schemaRecord } from "./schema-record.ts";

/** The schema of one version of an event type. */
export interface EventSchema {
  readonly type: string;
  readonly version: number;
  /** Draft 2020-12, without annotations: titles, descriptions, defaults, examples. */
  readonly schema: JsonObject;
  /** SHA-256 of the schema's JCS text: 64 hex digits. A ledger keeps it with the version's first use. */
  readonly hash: string;
}

/**
 * The schemas of all events that a ledger would be opened with, in their current versions, by type.
 * Errors: LedgerError `config-invalid`.
 */
export function listSchemas(options: Pick<LedgerOptions, "events" | "commands">): EventSchema[] {
  return [...collectDefinitions(options).values()]
    .map((definition) => {
      const { type, version, hash, schema } = schemaRecord(definition);
      return { type, version, schema: JSON.parse(schema) as JsonObject, hash: bytesToHex(hash) };
    })
    .sort((one, other) => compareUtf8(one.type, other.type));
}
