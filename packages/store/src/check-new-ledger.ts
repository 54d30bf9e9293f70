import { checkOrigin, isCanonicalObject, LedgerError, parseGenesis } from "@eventchain/core";

/** Checks what a ledger is created of. Errors: LedgerError `invalid-name`, `invalid-value`, and `invalid-argument` for a genesis of another one. */
export function checkNewLedger({ origin, genesis, vkey }: { origin: string; genesis: string; vkey: string }): void {
  checkOrigin(origin);
  const parsed = parseGenesis(genesis);
  if (isCanonicalObject(genesis) && parsed.origin === origin && parsed.vkey === vkey) return;
  throw new LedgerError("invalid-argument", "the genesis is canonical JSON with this origin and verifier key", {
    values: { origin },
  });
}
