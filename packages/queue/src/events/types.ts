/**
 * Where the queue is: a Redis (or Valkey) server, or a Postgres database for BullMQ's own backend. The defaults of `prefix`
 * and `schema` are BullMQ's, so that any BullMQ worker of the same queue name finds the jobs.
 */
export type EventQueueConnection =
  | {
      readonly redisUrl: string;
      /** What its keys begin with. Default `bull`. */
      readonly prefix?: string | undefined;
    }
  | {
      readonly databaseUrl: string;
      /** The schema of BullMQ's tables; it is made where it is not there. Default `bullmq`. */
      readonly schema?: string | undefined;
    };

export interface EventQueueOptions {
  /** Of the queue: 1 to 100 characters `A-Z a-z 0-9 . _ -`. */
  readonly name: string;
  /**
   * How long a job is kept after it is done, in milliseconds: for as long the same event is not taken again, should it be
   * delivered twice. Default 86,400,000 (a day).
   */
  readonly keepMs?: number | undefined;
}

/** One event for a queue. */
export interface EventJob {
  /** The same for the same delivery. No colon, and not only digits. */
  readonly id: string;
  /** What kind it is: the job's name. */
  readonly name: string;
  readonly data: object;
}

/** Puts events into one queue. */
export interface EventQueue {
  /** The server's protocol, host and port. */
  readonly place: string;
  /**
   * Adds an event at the end; one whose job is still there, waiting or done, is not added again.
   * Errors: LedgerError `queue-unavailable`: it may have been added all the same.
   */
  add(job: EventJob): Promise<void>;
  /** May be called twice. */
  close(): Promise<void>;
}

/** A job as a consumer's handler gets it. */
export interface ReceivedEvent {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  /** 1 for the first run in this process. */
  readonly attempt: number;
  /** Aborted where the consumer is closed. */
  readonly signal: AbortSignal;
}

export interface ConsumeOptions {
  /** Of the queue. */
  readonly name: string;
  /**
   * "queue": one job at a time, whatever number of consumers there are, each in the order in which it was added: a job that
   * fails holds up those after it until it has no attempts left. That there is one at a time stands in the queue: a Redis
   * that lost its data keeps to it again once a consumer is started. "none": `concurrency` jobs at a time. Default "queue".
   */
  readonly order?: "queue" | "none" | undefined;
  /** Of this consumer, where `order` is "none". Default 1. */
  readonly concurrency?: number | undefined;
  /**
   * Runs of a job in all before it is put among the failed ones, where it stays. Default 10. A LedgerError `reaction-failed`
   * that is not retryable (`giveUp`) ends them at once.
   */
  readonly attempts?: number | undefined;
  /** Until the second run, in milliseconds; twice as long each time after that. Default 1,000. */
  readonly firstRetryMs?: number | undefined;
  /** The longest wait between two runs, in milliseconds. Default 60,000. */
  readonly maxRetryMs?: number | undefined;
  /** Told of each run that fails. */
  readonly log?: ((message: string) => void) | undefined;
}

/** A consumer at work. */
export interface EventConsumer {
  /** Lets the runs at hand end, for 10 s at most; one that waits for its next attempt goes back, to be the next. */
  close(): Promise<void>;
}
