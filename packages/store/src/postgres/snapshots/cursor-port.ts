import type { Bytes } from "@eventchain/core";

/** How far a rule has looked. */
export interface SnapshotCursor {
  readonly position: bigint;
  /** Of the event there; the genesis hash at 0. */
  readonly hash: Bytes;
  /** Of a projection's rule: how many of its events there are up to there since the last snapshot. Of another one: 0. */
  readonly counted: bigint;
}

/** A rule's place and what it waits for, held until the work with it is over. */
export interface SnapshotRound {
  /** Events up to it were looked at. */
  readonly cursor: SnapshotCursor;
  /** Moves it on. */
  move(to: SnapshotCursor): Promise<void>;
  /** Streams ('': the rule's query) with events that no snapshot has, and when one is due; those that wait already go on waiting. */
  wait(waits: readonly { readonly stream: string; readonly dueAtMicros: bigint }[]): Promise<void>;
  /** What is due by then, the oldest first. */
  due(nowMicros: bigint, limit: number): Promise<string[]>;
  /** One waits no more. Tells the database that the work goes on, too. */
  over(stream: string): Promise<void>;
  /** When the first that waits is due; undefined where none does. */
  nextDueMicros(): Promise<bigint | undefined>;
  /** Keeps the transaction from being ended as idle, while the work is done by other connections. */
  touch(): Promise<void>;
}

/** Where rules of a ledger stand. Any call may throw a `LedgerError`: `database-unavailable`, `database-failed` … */
export interface SnapshotCursors {
  /**
   * Runs work in one transaction that has a rule's row; what it throws rolls back. Undefined where another process has it.
   *
   * 1. the commit: the cursor and what waits. A restart before it does the same work again, which finds its snapshots taken.
   *
   * Errors: LedgerError `forked` where the event at the cursor is not in the history any more; `ledger-not-found`.
   */
  work<T>(ledgerId: bigint, rule: string, work: (round: SnapshotRound) => Promise<T>): Promise<T | undefined>;
}
