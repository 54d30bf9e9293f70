import { canonicalJson, LedgerError } from "@eventchain/core";
import type { JsonObject } from "../types.ts";
import { issuesError } from "./data-schema.ts";
import { freezeDeep } from "./freeze-deep.ts";

/**
 * A frozen copy of an event's data as it will be read again: what JSON drops is gone.
 * Errors: LedgerError `invalid-event`, which names the path of what is not JSON; `too-large`.
 */
export function freezeJson(value: unknown, what: string, values: Readonly<Record<string, unknown>>): JsonObject {
  let text: string;
  try {
    text = canonicalJson(value);
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== "invalid-value") throw error;
    const path = String(error.values.path ?? "$");
    throw issuesError("invalid-event", what, [{ path, message: error.message.replace(`${path} `, "") }], values);
  }
  if (!text.startsWith("{"))
    throw issuesError("invalid-event", what, [{ path: "$", message: "is not an object" }], values);
  return freezeDeep(JSON.parse(text) as JsonObject);
}
