import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import {
  type Carrier,
  CONNECT_TIMEOUT_MS,
  type JobData,
  KEPT_EVENTS,
  placeOf,
  queueUnavailable,
  RETRY_DELAY_MS,
} from "./carrier.ts";

/** The queues on a Redis (or Valkey) server: keys under `prefix:`. */
export function connectRedis(url: string, prefix: string): Carrier {
  const place = placeOf(url, "REDIS_URL");
  const shared = {
    url,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // For ever: a queue that is away for a day is used again when it is back.
    retryStrategy: (attempt: number) => Math.min(attempt * 100, RETRY_DELAY_MS),
  };
  return {
    backend: "redis",
    place,
    prepare: () => ping(url, place),
    produce: (stage) =>
      new Queue(stage, {
        prefix,
        // A hint fails at once rather than wait for the server: the tick is there.
        connection: { ...shared, enableOfflineQueue: false, maxRetriesPerRequest: 1 },
        streams: { events: { maxLen: KEPT_EVENTS } },
      }),
    consume: ({ stage, process, concurrency }) =>
      new Worker<JobData>(stage, process, {
        prefix,
        connection: { ...shared, maxRetriesPerRequest: null },
        concurrency,
        runRetryDelay: RETRY_DELAY_MS,
      }),
  };
}

/** Connects once. Errors: LedgerError `queue-unavailable`. */
export async function ping(url: string, place: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: () => null,
  });
  let failure: unknown;
  client.on("error", (error: unknown) => {
    failure = error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    // `connect` itself only says that the connection is closed.
    throw queueUnavailable(place, failure ?? error);
  } finally {
    client.disconnect();
  }
}
