import { setTimeout as sleep } from "node:timers/promises";
import { LedgerError } from "@eventchain/core";
import { shut } from "../run-stage.ts";
import { within } from "../within.ts";
import { connectEvents, type EventJobHandle } from "./connect-events.ts";
import type { ConsumeOptions, EventConsumer, EventQueueConnection, ReceivedEvent } from "./types.ts";

/** How long a handler may still take when its consumer is closed, in milliseconds. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Handles a queue's events, each at least once: a run that has resolved is not made again, but for one whose consumer was
 * lost before it could say so. Any BullMQ worker can do this too; this one keeps the queue's order, but where a consumer is
 * killed in the midst of a run on Postgres: BullMQ puts that one event at the end there (on Redis, at the front). A
 * CloudEvent's `version` tells.
 *
 * BullMQ has no groups that are ordered each for itself: what keeps a stream's order keeps the whole queue's. For more at
 * a time there is a queue for each part of the streams.
 * Errors: LedgerError `config-invalid`, `queue-unavailable`.
 */
export async function consumeEvents(
  options: EventQueueConnection & ConsumeOptions,
  handle: (event: ReceivedEvent) => Promise<void> | void,
): Promise<EventConsumer> {
  const { order = "queue", concurrency = 1, log = () => undefined } = options;
  const retry = readRetry(options);
  if (order === "queue" && concurrency !== 1)
    throw new LedgerError(
      "config-invalid",
      'several at a time have no order: leave concurrency out, or give order "none"',
    );
  const carrier = connectEvents(options, options.name);
  await carrier.prepare();
  if (order === "queue") {
    const producer = carrier.produce();
    producer.on("error", () => undefined);
    // Kept in the queue: it holds for consumers in other processes too.
    await producer.setGlobalConcurrency(1).finally(() => shut(producer));
  }
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  const process = async (job: EventJobHandle): Promise<void> => {
    const run = runJob(job, { handle, retry, signal: stop.signal, log });
    const settled = run.catch(() => undefined);
    running.add(settled);
    await run.finally(() => running.delete(settled));
  };
  const consumer = carrier.consume(process, concurrency);
  consumer.on("error", () => undefined);
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stop.abort();
    // From here on it takes nothing new; with its server gone it would wait for ever to say so.
    consumer.close().catch(() => undefined);
    await within(Promise.all(running), CLOSE_TIMEOUT_MS, "the last run").catch(() => undefined);
    await shut(consumer);
  };
  return {
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

interface Retry {
  readonly attempts: number;
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
}

interface RunInput {
  readonly handle: (event: ReceivedEvent) => Promise<void> | void;
  readonly retry: Retry;
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
}

/** All attempts are within one run of the job: put back by BullMQ, it would come after those that it should precede. */
async function runJob(job: EventJobHandle, { handle, retry, signal, log }: RunInput): Promise<void> {
  const { id = "", name, data } = job;
  for (let attempt = 1; ; attempt++) {
    try {
      return await handle({ id, name, data, attempt, signal });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log(`event ${id}, attempt ${attempt}: ${message}`);
      const isFinal = error instanceof LedgerError && error.code === "reaction-failed" && !error.retryable;
      if (!signal.aborted && (isFinal || attempt >= retry.attempts)) throw error;
    }
    const delayMs = Math.min(retry.firstRetryMs * 2 ** (attempt - 1), retry.maxRetryMs);
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) continue;
    putBack(job);
    throw new Error("the consumer was closed");
  }
}

/**
 * Has BullMQ make a job that fails now the next one of its queue: one more attempt, from the front. Its own way to put a
 * job back (`moveToWait`) puts it at the end in Postgres.
 */
function putBack(job: EventJobHandle): void {
  job.opts.attempts = job.attemptsMade + 2;
  job.opts.lifo = true;
}

function readRetry({ attempts = 10, firstRetryMs = 1_000, maxRetryMs = 60_000 }: ConsumeOptions): Retry {
  for (const [key, value] of Object.entries({ attempts, firstRetryMs, maxRetryMs })) {
    const least = key === "attempts" ? 1 : 0;
    if (!Number.isSafeInteger(value) || value < least || value > 2 ** 31 - 1)
      throw new LedgerError("config-invalid", `${key} is ${value}: give a whole number from ${least}`);
  }
  return { attempts, firstRetryMs, maxRetryMs };
}
