import type { SystemEvent } from "../snapshots/port.ts";

/** How a handler is switched. */
export interface HandlerRow {
  handler: string;
  enabled: boolean;
  /** Who switched it last. */
  by: string;
  /** Of the `$HandlerSwitched` event. */
  position: bigint;
  atMicros: bigint;
}

export interface HandlerSwitchRequest {
  /** 1 to 512 bytes of UTF-8. */
  handler: string;
  enabled: boolean;
  /** 1 to 512 bytes of UTF-8. */
  by: string;
  event: SystemEvent;
}

/** `last`: how it was switched last, now or before; undefined where it was never switched, and so is on. */
export interface HandlerSwitchOutcome {
  outcome: "switched" | "unchanged";
  enabled: boolean;
  last: HandlerRow | undefined;
}

/** Which handlers of a ledger are on. Any call may throw a `LedgerError`: `database-unavailable`, `database-failed` … */
export interface HandlerStore {
  /**
   * Event and row in one commit. Errors: LedgerError `ledger-not-found`, `ledger-halted`, `invalid-argument`, `invalid-name`,
   * `invalid-json`, `too-large`.
   */
  switch(ledgerId: bigint, request: HandlerSwitchRequest): Promise<HandlerSwitchOutcome>;
  /** Those that were ever switched, by name (bytewise). */
  list(ledgerId: bigint): Promise<HandlerRow[]>;
}
