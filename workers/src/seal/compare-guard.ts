import { bytesToHex, equalBytes } from "@eventchain/core";
import { AlarmError } from "../alarm-error.ts";
import type { GuardHead } from "../guard/guard.ts";

/** The most events that one seal takes. */
export const MAX_BATCH_EVENTS = 65_536n;

function describe(head: GuardHead): string {
  return `size ${head.size}, root ${bytesToHex(head.root).slice(0, 16)}…`;
}

/** The error that halts a ledger: what was signed once is not what the database would sign now. */
export function guardMismatch(origin: string, database: GuardHead, guard: GuardHead, why: string): AlarmError {
  return new AlarmError(
    "guard-mismatch",
    `${why}: the guard has ${describe(guard)}, the database ${describe(database)}. The ledger is halted until recover`,
    { alarm: "guard-mismatch", halts: true, values: { origin, guardSize: guard.size, databaseSize: database.size } },
  );
}

/**
 * Compares the guard's head with the database's newest checkpoint (size 0 where there is none), and gives the head that
 * must be signed again first: a sealer died between the guard's write and its commit. Undefined: nothing is left over.
 *
 * The guard has no entry while the database has checkpoints: nothing that was signed is contradicted, but nothing is
 * known of it either. Sealing stops with an alarm, appends go on: a sealer that was started with the wrong folder must
 * not be able to stop an application. A first entry is made only together with a ledger's first checkpoint.
 *
 * Errors: AlarmError `guard-mismatch`, which halts the ledger except where the entry is missing.
 */
export function compareGuard(origin: string, guard: GuardHead | undefined, database: GuardHead): GuardHead | undefined {
  if (guard === undefined) {
    if (database.size === 0n) return undefined;
    throw new AlarmError(
      "guard-mismatch",
      `the guard has no entry for ${origin}, but its log has ${describe(database)}: give the sealer the guard it had`,
      { alarm: "guard-missing", values: { origin, databaseSize: database.size } },
    );
  }
  if (guard.size === database.size) {
    if (equalBytes(guard.root, database.root)) return undefined;
    throw guardMismatch(origin, database, guard, "another head of this size was signed before");
  }
  if (guard.size < database.size) throw guardMismatch(origin, database, guard, "the guard is behind the database");
  if (guard.size - database.size > MAX_BATCH_EVENTS) {
    throw guardMismatch(origin, database, guard, "the guard is ahead of the database by more than one seal");
  }
  return guard;
}
