import { LedgerError, MAX_INT63 } from "@eventchain/core";
import type { ExpectedVersion } from "@eventchain/store";

/**
 * The expected version in its one form.
 * Errors: LedgerError `invalid-argument` for anything but "none", "exists", "any", a bigint from 0 to 2^63 − 1 or a
 * number that is a safe integer from 0.
 */
export function normaliseExpect(expect: unknown): ExpectedVersion {
  if (expect === undefined) return "any";
  if (expect === "none" || expect === "exists" || expect === "any") return expect;
  if (typeof expect === "bigint" && expect >= 0n && expect <= MAX_INT63) return expect;
  if (typeof expect === "number" && Number.isSafeInteger(expect) && expect >= 0) return BigInt(expect);
  const shown = typeof expect === "string" ? JSON.stringify(expect) : String(expect);
  throw new LedgerError(
    "invalid-argument",
    `expect is ${shown}: give "none", "exists", "any" or a version (a bigint, or a safe integer, from 0)`,
    { values: { expect: shown } },
  );
}
