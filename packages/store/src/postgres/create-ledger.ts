import { LedgerError } from "@eventchain/core";
import { checkNewLedger } from "../check-new-ledger.ts";
import type { LedgerRecord } from "../port.ts";
import { statement } from "./load-statement.ts";
import { type Queryable, runRows } from "./run-rows.ts";

const createLedgerSql = statement("create-ledger");

/**
 * Creates an empty ledger, with its first verifier key and its watermarks, in one statement. The user needs the
 * owner's privileges. Errors: `ledger-exists`, `invalid-argument` (a genesis that is not this ledger's).
 */
export async function createLedger(
  database: Queryable,
  { origin, genesis, vkey }: { origin: string; genesis: string; vkey: string },
): Promise<LedgerRecord> {
  checkNewLedger({ origin, genesis, vkey });
  const [created] = await runRows<LedgerRecord>(database, createLedgerSql, [origin, genesis, vkey]);
  if (created === undefined) {
    throw new LedgerError("ledger-exists", "there is a ledger of this origin already", { values: { origin } });
  }
  return created;
}
