import { LedgerError } from "@eventchain/core";
import type { RefusalCode } from "../../port.ts";

/** The row of a call that writes one of the ledger's own events. */
export interface SystemOutcomeRow {
  outcome: string;
  /** Of a refusal. */
  code: RefusalCode | null;
  message: string | null;
}

/** Why one of the ledger's own events was not written. */
export function refusal(code: RefusalCode, message: string, ledgerId: bigint): LedgerError {
  // Ids are the caller's to draw anew for each event.
  return new LedgerError(code === "duplicate-id" ? "invalid-argument" : code, message, { values: { ledgerId } });
}

/** The row of what was not refused. Errors: LedgerError with the refusal's code; `ledger-not-found` where there is no row. */
export function acceptedRow<Row extends SystemOutcomeRow>(row: Row | undefined, ledgerId: bigint): Row {
  if (row === undefined) throw new LedgerError("ledger-not-found", "there is no such ledger", { values: { ledgerId } });
  if (row.outcome !== "refused") return row;
  throw refusal(row.code ?? "invalid-argument", row.message ?? "the store refused it", ledgerId);
}
