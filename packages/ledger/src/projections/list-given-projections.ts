import { LedgerError } from "@eventchain/core";
import { listDefinitions } from "../events/list-definitions.ts";
import type { Definitions } from "../types.ts";
import type { Projection } from "./types.ts";

/**
 * The projections of a config's list or module.
 * Errors: LedgerError `config-invalid` where it holds anything else, and for one that handles no event.
 */
export function listGivenProjections(definitions: Definitions<Projection> | undefined): Projection[] {
  const projections = listDefinitions(definitions, "projections", "projection");
  for (const { name, events } of projections) {
    if (events.length === 0)
      throw new LedgerError(
        "config-invalid",
        `projection ${JSON.stringify(name)} handles no event: its tables would stay empty. ` +
          "`on` and `onBatch` give a new projection, which is the one to name here",
        { values: { projection: name } },
      );
  }
  return projections;
}
