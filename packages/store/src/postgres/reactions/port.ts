import type { Bytes } from "@eventchain/core";

/** How far a reaction may take events in. */
export type ReactionLevel = "appended" | "sealed" | "final";

/** Where a reaction stands, and what it has to do. */
export interface ReactionSurvey {
  name: string;
  /** Events up to here have their tasks. */
  position: bigint;
  /** Of the event at `position` as it was when the cursor moved there; the genesis hash at 0. 32 bytes. */
  hash: Bytes;
  /** Of the event that stands there now; null where there is none. */
  foundHash: Bytes | null;
  /** The ledger is halted. */
  isHalted: boolean;
  /** Events up to here may be taken in. */
  bound: bigint;
  /** Milliseconds, by the database's clock, until a task is due, or a lease is over; 0 or less: now. Null: there is none. */
  dueInMs: bigint | null;
}

/** A task as it is taken in. */
export interface NewReactionTask {
  position: bigint;
  handler: string;
  stream: string;
  isTimeout: boolean;
  isChecked: boolean;
  /** Microseconds since 1970-01-01 UTC; null: now. */
  dueAtMicros: bigint | null;
}

/** Moves a cursor from where it was read to the event at `to`, with the tasks of the events between. */
export interface TakeIn {
  reaction: string;
  from: { position: bigint; hash: Bytes };
  to: bigint;
  tasks: readonly NewReactionTask[];
  isOrdered: boolean;
}

export interface TakeTasks {
  reaction: string;
  isOrdered: boolean;
  /** At most so many. */
  most: number;
  /** A UUID that nobody else has. */
  lease: string;
  leaseMs: number;
}

/** A task that is to be run by whoever has its lease. */
export interface LeasedTask {
  reaction: string;
  position: bigint;
  handler: string;
  stream: string;
  isChecked: boolean;
  /** 1 for the first run. */
  attempt: number;
  /** By the database's clock: microseconds since 1970-01-01 UTC. */
  takenAtMicros: bigint;
  lease: string;
  isOrdered: boolean;
}

export interface PutOff {
  /** From now, by the database's clock; or at an instant, in microseconds since 1970-01-01 UTC. */
  due: { afterMs: number } | { atMicros: bigint };
  /** What the run failed with. Default: as it is. */
  error?: string;
  /** Whether the run counts as one of the task's attempts. */
  counts: boolean;
}

/** Which dead tasks are meant: all of a reaction's, or those of an event, or of a handler. */
export interface DeadTasks {
  reaction: string;
  position?: bigint | undefined;
  handler?: string | undefined;
}

export interface ReactionTaskRow {
  reaction: string;
  position: bigint;
  handler: string;
  stream: string;
  state: "waiting" | "running" | "dead";
  attempts: number;
  dueAtMicros: bigint;
  error: string | null;
}

export interface ReactionStatusRow {
  name: string;
  state: "on" | "off";
  position: bigint;
  waiting: bigint;
  dead: bigint;
  /** Another event stands at `position` than the one that was taken in: it stops. */
  isForked: boolean;
}

/**
 * The tasks of a ledger's reactions. A task is waiting, running (under a lease) or dead; done, it is gone. What ends a run
 * (`finish`, `putOff`, `bury`) does nothing, and says false, where the lease is not the task's any more.
 * Any call may throw a `LedgerError`: `database-unavailable`, `database-failed` …
 */
export interface ReactionStore {
  /** Makes the cursors that are not there yet: at the head, or before the first event. One of no order holds no task. */
  begin(ledgerId: bigint, reactions: readonly { name: string; fromNow: boolean; isOrdered: boolean }[]): Promise<void>;
  /** Of each of these that has begun. */
  survey(ledgerId: bigint, reactions: readonly { name: string; level: ReactionLevel }[]): Promise<ReactionSurvey[]>;
  /** In one commit. False where the cursor stands elsewhere: somebody else has taken in what comes after it. */
  takeIn(ledgerId: bigint, input: TakeIn): Promise<boolean>;
  /** Whoever had these tasks under a lease that is over has them no more: they are due again. */
  expire(ledgerId: bigint, reaction: string): Promise<void>;
  /** Those that are due longest, each under a lease from now on. */
  take(ledgerId: bigint, input: TakeTasks): Promise<LeasedTask[]>;
  finish(ledgerId: bigint, task: LeasedTask): Promise<boolean>;
  putOff(ledgerId: bigint, task: LeasedTask, how: PutOff): Promise<boolean>;
  bury(ledgerId: bigint, task: LeasedTask, error: string): Promise<boolean>;
  /** Makes dead tasks wait again, as if never run, due now; gives how many. */
  retry(ledgerId: bigint, which: DeadTasks): Promise<number>;
  /** Gives dead tasks up for good; gives how many. */
  drop(ledgerId: bigint, which: DeadTasks): Promise<number>;
  /** Of every reaction that ever began, by name (bytewise). */
  status(ledgerId: bigint): Promise<ReactionStatusRow[]>;
  /** By reaction (bytewise), position and handler, from past the key given; at most `limit`. */
  tasks(
    ledgerId: bigint,
    options: {
      reaction?: string | undefined;
      state?: ReactionTaskRow["state"] | undefined;
      after?: Pick<ReactionTaskRow, "reaction" | "position" | "handler"> | undefined;
      limit: number;
    },
  ): Promise<ReactionTaskRow[]>;
}
