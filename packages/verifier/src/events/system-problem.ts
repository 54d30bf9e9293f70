import type { EventRow } from "../database/read-events.ts";
import { rejectionProblem } from "./read-rejection.ts";
import { snapshotProblem } from "./read-snapshot.ts";
import { switchProblem } from "./read-switch.ts";

/** Why one of the ledger's own events is none that the ledger writes; undefined where nothing is against it, and for all others. */
export function systemProblem(row: EventRow): string | undefined {
  if (!row.type.startsWith("$")) return undefined;
  return rejectionProblem(row) ?? snapshotProblem(row) ?? switchProblem(row);
}
