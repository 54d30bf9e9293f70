import { LedgerError } from "@eventchain/core";
import type { Definitions } from "../types.ts";

/**
 * What of a list, or of a module's exports, is of a kind: a module exports other things too, a list holds nothing else.
 * Errors: LedgerError `config-invalid`, which names the option.
 */
export function listDefinitions<T extends { readonly kind: string }>(
  given: Definitions<T> | undefined,
  what: string,
  kind: T["kind"],
): T[] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null)
    throw new LedgerError("config-invalid", `\`${what}\` is neither a list nor a module`, { values: { what } });
  const is = (value: unknown): value is T =>
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    (value as { kind?: unknown }).kind === kind;
  if (!Array.isArray(given)) return Object.values(given).filter(is);
  return given.map((value: unknown, index) => {
    if (is(value)) return value;
    throw new LedgerError("config-invalid", `\`${what}\` holds at ${index} what is none of them`, {
      values: { what, index },
    });
  });
}
