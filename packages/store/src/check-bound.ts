import { LedgerError, MAX_INT63 } from "@eventchain/core";

/** Checks a position or version that a read begins or ends at; `name` is its option's. Errors: LedgerError `invalid-argument`. */
export function checkBound(value: bigint | undefined, name: string): void {
  if (value === undefined || (value >= 0n && value <= MAX_INT63)) return;
  throw new LedgerError("invalid-argument", `${name} is from 0 to 2^63 - 1`, { values: { [name]: value } });
}
