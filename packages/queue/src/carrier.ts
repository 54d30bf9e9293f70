import { LedgerError } from "@eventchain/core";
import type { DefaultJobOptions, JobSchedulerJson, JobsOptions } from "bullmq";
import type { QueueBackend, Stage } from "./types.ts";

/** What a job carries: nothing but where to look. */
export interface JobData {
  readonly ledger?: string;
}

/** The part of a BullMQ job that a stage needs. */
export interface CarriedJob {
  readonly name: string;
  readonly data: unknown;
  removeDeduplicationKey(): Promise<boolean>;
}

/** The part of a BullMQ queue that a stage needs; the same on every backend. */
export interface Producer {
  add(name: string, data: JobData, options: JobsOptions): Promise<unknown>;
  upsertJobScheduler(
    id: string,
    repeat: { every: number },
    template: { name: string; data: JobData; opts: DefaultJobOptions },
  ): Promise<unknown>;
  getJobScheduler(id: string): Promise<JobSchedulerJson | undefined>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
  disconnect(): Promise<void>;
}

/** The part of a BullMQ worker that a stage needs. */
export interface Consumer {
  isRunning(): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
  disconnect(): Promise<void>;
}

interface ConsumerInput {
  readonly stage: Stage;
  readonly process: (job: CarriedJob) => Promise<void>;
  readonly concurrency: number;
}

/** A server that carries the queues. */
export interface Carrier {
  readonly backend: QueueBackend;
  /** The server's protocol, host and port, for messages. */
  readonly place: string;
  /**
   * Connects once, and makes what has to be there.
   *
   * @throws LedgerError `queue-unavailable`, `config-invalid`
   */
  prepare(): Promise<void>;
  produce(stage: Stage): Producer;
  consume(input: ConsumerInput): Consumer;
}

/** How soon a consumer tries again after its server has failed it, in milliseconds. */
export const RETRY_DELAY_MS = 1_000;

/** The newest events of a queue that are kept; nobody reads them. */
export const KEPT_EVENTS = 100;

/** How long a server may take to answer the first call, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 5_000;

/** A job is tried once: the next tick is the retry. Finished ones are not kept, failed ones for a while, to be looked at. */
export const JOB_OPTIONS: DefaultJobOptions = {
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: { count: 50, age: 3_600 },
};

/** An error of the server or of the way to it, without what the URL holds. */
export function queueUnavailable(where: string, cause: unknown): LedgerError {
  if (cause instanceof LedgerError) return cause;
  const reason = reasonOf(cause);
  return new LedgerError("queue-unavailable", `the queue at ${where} cannot be used: ${reason}`, { cause });
}

/** A URL's host and port for messages. */
export function placeOf(url: string, what: string): string {
  // The parser's own error would repeat the text, password and all.
  if (!URL.canParse(url)) throw new LedgerError("config-invalid", `${what} is not a URL`);
  const { host, protocol } = new URL(url);
  return `${protocol}//${host}`;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.message !== "") return cause.message;
  // What Node throws when every address of a name has refused.
  const [first] = (cause as AggregateError).errors ?? [];
  return first instanceof Error ? first.message : cause.name;
}
