import type { EventStore, GroupedAppends, LedgerRecord, LogStore } from "@eventchain/store";
import { appendEvents } from "./append-events.ts";
import { awaitPosition } from "./await-position.ts";
import { findReceipt } from "./find-receipt.ts";
import { eventKey, proveEvent } from "./prove-event.ts";
import { readAll, readStream } from "./read-events.ts";
import { readStatus } from "./read-status.ts";
import type { Ledger } from "./types.ts";
import type { WatermarkWatch } from "./watch-watermarks.ts";

/** What the verbs of a ledger work with. */
export interface LedgerDeps {
  record: LedgerRecord;
  store: EventStore;
  log: LogStore;
  appends: Pick<GroupedAppends, "append">;
  watch: WatermarkWatch;
  clock: () => bigint;
}

/** Makes the object that an app works with; it holds nothing that would have to be closed. */
export function openLedger({ record, ...rest }: LedgerDeps): Ledger {
  const { ledgerId, origin } = record;
  const deps = { ...rest, ledgerId, origin };
  return {
    origin,
    append: (stream, events, options) => appendEvents(deps, stream, events, options),
    readStream: (stream, options) => readStream(deps.store, ledgerId, stream, options),
    readAll: (options) => readAll(deps.store, ledgerId, options),
    receipt: (commandId) => findReceipt(deps, commandId),
    watermarks: () => deps.store.watermarks(ledgerId),
    status: () => readStatus(deps),
    prove: async (event, options) => proveEvent(deps, eventKey(event), options),
    awaitPosition: (position, options) => awaitPosition(deps, position, options),
  };
}
