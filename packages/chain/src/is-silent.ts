import { LedgerError } from "@eventchain/core";

/**
 * Whether an error says that the node gave no answer at all, so that any further question would only wait for it too.
 * False for a request that it refused, or answered with something malformed: the next one may do well. Both are
 * "chain-unavailable"; `values.answered` is true for the latter.
 */
export function isSilent(error: unknown): boolean {
  return error instanceof LedgerError && error.code === "chain-unavailable" && error.values.answered !== true;
}
