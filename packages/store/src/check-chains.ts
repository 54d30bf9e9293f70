import { LedgerError } from "@eventchain/core";
import type { AppendRequest } from "./port.ts";

/** Checks the chains of one call. Errors: LedgerError `invalid-argument`. */
export function checkChains(requests: readonly AppendRequest[]): void {
  const seen = new Set<number>();
  for (const [index, { chain }] of requests.entries()) {
    if (chain === undefined || chain === requests[index - 1]?.chain) continue;
    if (!Number.isInteger(chain) || chain < 0 || chain >= 2 ** 31 || seen.has(chain)) {
      throw new LedgerError("invalid-argument", "chains are numbered from 0, and the requests of each are neighbours", {
        values: { chain },
      });
    }
    seen.add(chain);
  }
}
