import { LedgerError } from "@eventchain/core";
import type { FinalityOption } from "./options.ts";

/**
 * Reads when a block counts as final: `finalized`, or a number of confirmations in decimal. Undefined stays undefined.
 * Errors: LedgerError `config-invalid`.
 */
export function readFinality(text: string | undefined): FinalityOption | undefined {
  if (text === undefined) return undefined;
  if (text === "finalized") return { kind: "finalized" };
  if (/^(0|[1-9][0-9]{0,5})$/.test(text)) return { kind: "confirmations", count: Number(text) };
  throw new LedgerError("config-invalid", "finality is a number of confirmations, or the word finalized", {
    values: { finality: text },
  });
}
