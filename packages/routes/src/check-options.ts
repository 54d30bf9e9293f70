import { LedgerError } from "@eventchain/core";

/** Refuses options that are no object, and keys that are not known: a misspelt one must not go unnoticed. */
export function checkOptions(options: unknown, known: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null)
    throw new LedgerError("config-invalid", `${what} takes an object of options`);
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new LedgerError("config-invalid", `${what} has no option ${JSON.stringify(key)}: use ${known.join(", ")}`, {
        values: { key },
      });
  }
}
