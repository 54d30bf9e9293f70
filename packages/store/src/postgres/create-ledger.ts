import { checkOrigin, isCanonicalObject, LedgerError, parseGenesis } from "@eventchain/core";
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
  checkOrigin(origin);
  const parsed = parseGenesis(genesis);
  if (!isCanonicalObject(genesis) || parsed.origin !== origin || parsed.vkey !== vkey) {
    throw new LedgerError("invalid-argument", "the genesis is canonical JSON with this origin and verifier key", {
      values: { origin },
    });
  }
  const [created] = await runRows<LedgerRecord>(database, createLedgerSql, [origin, genesis, vkey]);
  if (created === undefined) {
    throw new LedgerError("ledger-exists", "there is a ledger of this origin already", { values: { origin } });
  }
  return created;
}
