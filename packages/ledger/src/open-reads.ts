import type { AccessScope, EventStore, LogStore } from "@eventchain/store";
import { findRelated } from "./audit/find-related.ts";
import { readAudit } from "./audit/read-audit.ts";
import type { FindReceiptDeps } from "./find-receipt.ts";
import { eventKey, proveEvent } from "./prove-event.ts";
import { countEvents, queryEvents, readAll, readStream } from "./read-events.ts";
import { diffPoints, readState, stateAtPoint } from "./read-state.ts";
import type { SnapshotUse } from "./snapshots/use.ts";
import { openSubscription, type SubscriptionDeps } from "./subscribe/open-subscription.ts";
import type { LedgerReads } from "./types.ts";

export type OpenReadsDeps = Pick<FindReceiptDeps, "ledgerId" | "watch"> & {
  origin: string;
  store: EventStore;
  log: Pick<LogStore, "checkpoint" | "tiles" | "coveringAnchor" | "recentAnchors" | "contracts">;
  use: SnapshotUse | undefined;
} & Pick<SubscriptionDeps, "heads" | "checkpoints" | "gate" | "random">;

/** The reads of a ledger that depend on nothing but what may be seen. Each carries the scope into the store. */
export function openReads(given: OpenReadsDeps, scope: AccessScope): Omit<LedgerReads, "receipt"> {
  const deps = { ...given, scope };
  return {
    origin: deps.origin,
    readStream: (stream, options) => readStream(deps, stream, options),
    readAll: (options) => readAll(deps, options),
    query: (query, options) => queryEvents(deps, query, options),
    count: (options) => countEvents(deps, options),
    subscribe: (options) => openSubscription(deps, options),
    audit: (options) => readAudit(deps, options),
    related: (eventId, options) => findRelated(deps, eventId, options),
    state: (model, context, options) => readState(deps, model, context, options),
    stateAt: (model, context, options) => stateAtPoint(deps, model, context, options),
    diff: (model, context, options) => diffPoints(deps, model, context, options),
    prove: async (event, options) => proveEvent(deps, eventKey(event), options),
  };
}
