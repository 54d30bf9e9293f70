import { listDefinitions } from "../events/list-definitions.ts";
import type { LedgerOptions } from "../types.ts";

/** The names of the handlers that a ledger is opened with; reactions are the worker's to know. Errors: LedgerError `config-invalid`. */
export function namesOf({ projections, snapshots }: Pick<LedgerOptions, "projections" | "snapshots">): string[] {
  return [
    ...listDefinitions(projections, "projections", "projection"),
    ...listDefinitions(snapshots, "snapshots", "snapshots"),
  ].map(({ name }) => name);
}
