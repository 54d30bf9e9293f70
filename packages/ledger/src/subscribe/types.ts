import type { EventFilter, EventQuery } from "@eventchain/store";
import type { LedgerEvent } from "../types.ts";

/** How far an event must have come before a reader is given it. */
export type Level = "appended" | "sealed" | "final";

/** The values of `Level`, in the order in which an event reaches them. */
export const LEVELS: readonly Level[] = ["appended", "sealed", "final"];

/** Where a reader stands: the last event that it has handled. Position 0, with the genesis hash, is before the first. */
export interface Cursor {
  readonly position: bigint;
  /** The hash of the event at `position`, 64 hex digits: a history that was forked (a lost replica, a backup) is noticed. */
  readonly hash: string;
}

export interface SubscribeOptions {
  /**
   * Where to begin: past a position (0n: everything; "start" says the same), with what is appended from now on ("now"), or
   * past a cursor, whose hash must still be the one at its position. Default "start", or where `checkpoint` stands. Where the
   * head cannot be read at the call, "now" is not known: the first step throws, also what may pass.
   */
  readonly from?: bigint | number | "start" | "now" | Cursor | undefined;
  /** Conditions joined by AND; the values of one list by OR, but for `tags`: all of them. */
  readonly filter?: EventFilter | undefined;
  /** Only events that meet it, and the filter. Default: every event, the ledger's own too. */
  readonly query?: EventQuery | undefined;
  /** Default "appended". */
  readonly level?: Level | undefined;
  /**
   * A name under which the place of this reader is kept, 1 to 200 bytes of UTF-8: it goes on past the event that
   * `subscription.checkpoint(event)` was called with last; what was passed over after that is looked through again. One
   * reader at a time owns a name.
   */
  readonly checkpoint?: string | undefined;
  /** Ends the iteration: LedgerError `aborted` at the step that waits. */
  readonly signal?: AbortSignal | undefined;
  /** Events that are read ahead of the one being handled, at most. Default 1,000 (`DEFAULT_READ_AHEAD`). */
  readonly readAhead?: number | undefined;
}

/**
 * Events from a position on, then live as they come: in order, none left out, none twice in one run. Nothing is read while
 * the reader does not ask, but for `readAhead` events.
 */
export interface Subscription extends AsyncIterableIterator<LedgerEvent, void, undefined>, AsyncDisposable {
  /**
   * Keeps the place past an event that was given, under the subscription's name.
   * Errors: LedgerError `invalid-argument` where it has no name; `conflict` where somebody else has moved it meanwhile.
   */
  checkpoint(event: LedgerEvent): Promise<void>;
  /**
   * Whether it has caught up: all that was there at a look has been given, and since then it has not fallen behind by more
   * positions than are read ahead. What comes while it is true is live. Where it is given some events only (a filter, a query,
   * a view): whether it has read on to where a look ended, and has not been given more events than are read ahead since the
   * last time. Events that it is not given do not change it.
   */
  readonly isLive: boolean;
}
