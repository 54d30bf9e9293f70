import type { LedgerEvent } from "@eventchain/ledger";

/** What a target is given beside the event. */
export interface DeliveryContext {
  /** The same each time that this route delivers this event: 64 hex digits. */
  readonly idempotencyKey: string;
  /** 1 for the first time. */
  readonly attempt: number;
  /** Aborted where the worker stops, or the delivery's time is over. */
  readonly signal: AbortSignal;
  /** The ledger's. */
  readonly origin: string;
}

/** Where a route's events go. */
export interface Target {
  /** What it is, for people and messages: no secret, and no more of a URL than protocol and host. */
  readonly describe: string;
  /**
   * Hands an event over; once it resolves, the event is delivered.
   * Errors: LedgerError `delivery-failed`, with `retryable` false where trying again cannot help; anything else is tried again.
   */
  deliver(event: LedgerEvent, context: DeliveryContext): Promise<void>;
  /** Lets go of what it holds open; the next delivery opens it again. */
  close?(): Promise<void>;
}
