import { listDefinitions } from "../events/list-definitions.ts";
import type { HandlerDefinitions } from "./types.ts";

/** The names of the handlers that a ledger is opened with. Errors: LedgerError `config-invalid`. */
export function namesOf({ projections, reactions, snapshots }: HandlerDefinitions): string[] {
  return [
    ...listDefinitions(projections, "projections", "projection"),
    ...listDefinitions(reactions, "reactions", "reaction"),
    ...listDefinitions(snapshots, "snapshots", "snapshots"),
  ].map(({ name }) => name);
}
