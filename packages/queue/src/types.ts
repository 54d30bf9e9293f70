/** The stages that run by themselves, in the order in which an event passes through them. */
export type Stage = "seal" | "anchor" | "finalise";

/** Where the hints are kept. The ledger's tables say what is due; a hint that is lost costs time, never work. */
export type QueueBackend = "redis" | "postgres";

/** What a handler is told: a ledger that may have work, or, from the schedule's tick, nothing: look at all of them. */
export interface Hint {
  /** The ledger's id in the database, in decimal. */
  readonly ledger?: string;
}

export type HintHandler = (hint: Hint) => Promise<void>;

export interface WorkOptions {
  /** How many hints of this stage are handled at the same time by this process. Default 1. */
  readonly concurrency?: number;
}

export interface QueueOptions {
  /** Sets these queues apart from others on the same server: Redis keys' prefix, or part of the queues' names. Default `eventchain`. */
  readonly prefix?: string;
  /** How often each stage looks for due work without a hint, in milliseconds. Default 1,000. */
  readonly tickMs?: number;
  /** How often the schedules and workers are checked and, where they are gone, made again, in milliseconds. Default 1,500. */
  readonly watchdogMs?: number;
  /** Told of trouble with the connection, once when it begins and once when it is over. No secrets. */
  readonly log?: (message: string) => void;
}

/** Hints of due work, carried by BullMQ. */
export interface Queue {
  readonly backend: QueueBackend;
  /**
   * Says that a ledger may have work for a stage. At most one hint waits for a stage and ledger.
   *
   * @throws LedgerError `queue-unavailable`; the caller may ignore it, the next tick finds the work
   */
  hint(stage: Stage, ledger: string): Promise<void>;
  /** Starts to handle a stage's hints and ticks. A handler that throws is logged; the next tick is the retry. */
  work(stage: Stage, handler: HintHandler, options?: WorkOptions): Promise<void>;
  /** Finishes the hints at hand, within 10 s, and lets go of the connections. May be called twice. */
  close(): Promise<void>;
}
