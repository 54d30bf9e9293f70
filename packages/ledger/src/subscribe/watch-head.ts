import { type Bytes, equalBytes } from "@eventchain/core";
import { type Pace, type Watch, watchValue } from "../watch-value.ts";

/** The newest event: its position and its hash of 32 bytes; 0 and the genesis hash while there is none. */
export interface Head {
  position: bigint;
  hash: Bytes;
}

/** The pause right after a change, or where a wait begins. */
export const MIN_HEAD_DELAY_MS = 5;
/** The longest pause of a ledger that had an event within the last minute. */
export const MAX_BUSY_HEAD_DELAY_MS = 30;
/** The longest pause of all. */
export const MAX_HEAD_DELAY_MS = 200;

/** A twentieth of the quiet time while it is short, a two-thousandth of it later: an event comes soon in either case. */
const PACE: Pace = {
  minDelayMs: MIN_HEAD_DELAY_MS,
  delayMs: (quietMs) =>
    Math.max(Math.min(quietMs / 20, MAX_BUSY_HEAD_DELAY_MS), Math.min(quietMs / 2_000, MAX_HEAD_DELAY_MS)),
};

/** One reader of a ledger's head, shared by all that wait for events. */
export type HeadWatch = Watch<Head>;

/**
 * Watches a ledger's head by polling it, while anybody waits: 5 ms after a change, more and more seldom while there is none.
 * @param read the head now, such as `() => store.head(ledgerId)`; one read is under way at most.
 */
export function watchHead(read: () => Promise<Head>): HeadWatch {
  return watchValue(read, (a, b) => a.position === b.position && equalBytes(a.hash, b.hash), PACE);
}
