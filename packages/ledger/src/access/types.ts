import type { EventQuery } from "@eventchain/store";
import type { KnownActor } from "../commands/types.ts";

/** Which events an actor may see, as `defineAccess` makes it. */
export interface Access {
  readonly kind: "access";
  /** "all": every event, the ledger's own too. Errors: LedgerError `config-invalid` for what is no query. */
  queryFor(actor: KnownActor): EventQuery;
}
