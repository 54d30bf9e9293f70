import { LedgerError } from "@eventchain/core";
import { createPostgresBackend, type JobsOptions, Queue, Worker, withBackend } from "bullmq";
import {
  CONNECT_TIMEOUT_MS,
  type Consumer,
  KEPT_EVENTS,
  placeOf,
  queueUnavailable,
  RETRY_DELAY_MS,
} from "../carrier.ts";
import { HeardClient, migrateQueue } from "../connect-postgres.ts";
import { ping } from "../connect-redis.ts";
import type { EventQueueConnection } from "./types.ts";

const onPostgres = withBackend(createPostgresBackend);

/** How often a job may be given to another consumer because the one that had it is gone. */
const MAX_LOST_RUNS = 100;

const STREAMS = { events: { maxLen: KEPT_EVENTS } };

/** The part of a BullMQ job that a consumer needs. */
export interface EventJobHandle {
  readonly id?: string | undefined;
  readonly name: string;
  readonly data: unknown;
  readonly attemptsMade: number;
  readonly opts: { attempts?: number | undefined; lifo?: boolean | undefined };
}

type Process = (job: EventJobHandle) => Promise<void>;

/** The part of a BullMQ queue that a producer needs; the same on every backend. */
interface EventProducer {
  add(name: string, data: object, options: JobsOptions): Promise<unknown>;
  setGlobalConcurrency(concurrency: number): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): Promise<void>;
  disconnect(): Promise<void>;
}

/** One queue on its server. */
export interface EventCarrier {
  readonly place: string;
  /** Connects once, and makes what has to be there. Errors: LedgerError `queue-unavailable`. */
  prepare(): Promise<void>;
  produce(): EventProducer;
  consume(process: Process, concurrency: number): Omit<Consumer, "isRunning">;
}

/** Errors: LedgerError `config-invalid`, which repeats no URL. */
export function connectEvents(connection: EventQueueConnection, name: string): EventCarrier {
  if (typeof name !== "string" || !/^[\w.-]{1,100}$/.test(name))
    throw new LedgerError("config-invalid", "a queue's name is 1 to 100 characters A-Z a-z 0-9 . _ -");
  return "redisUrl" in connection ? onRedis(connection, name) : inPostgres(connection, name);
}

function onRedis(
  { redisUrl, prefix = "bull" }: { redisUrl: string; prefix?: string | undefined },
  name: string,
): EventCarrier {
  const place = placeOf(redisUrl, "redisUrl");
  const shared = {
    url: redisUrl,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt: number) => Math.min(attempt * 100, RETRY_DELAY_MS),
  };
  return {
    place,
    prepare: () => ping(redisUrl, place),
    produce: () =>
      // What cannot be added at once fails: the delivery is tried again by whoever made it.
      new Queue(name, {
        prefix,
        connection: { ...shared, enableOfflineQueue: false, maxRetriesPerRequest: 1 },
        streams: STREAMS,
      }),
    consume: (process, concurrency) =>
      new Worker(name, process, {
        prefix,
        connection: { ...shared, maxRetriesPerRequest: null },
        concurrency,
        runRetryDelay: RETRY_DELAY_MS,
        maxStalledCount: MAX_LOST_RUNS,
      }),
  };
}

function inPostgres(
  { databaseUrl, schema = "bullmq" }: { databaseUrl: string; schema?: string | undefined },
  name: string,
): EventCarrier {
  const place = placeOf(databaseUrl, "databaseUrl");
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new LedgerError("config-invalid", "the queue's schema is 1 to 63 characters a-z 0-9 _, no digit first");
  // Unlike a hint an event must not be lost: commits wait for the disk.
  const connection = {
    connectionString: databaseUrl,
    schema,
    max: 1,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    Client: HeardClient,
  };
  return {
    place,
    prepare: async () => {
      try {
        await migrateQueue(databaseUrl, schema);
      } catch (error) {
        throw queueUnavailable(place, error);
      }
    },
    produce: () => new onPostgres.Queue(name, { connection, streams: STREAMS }),
    consume: (process, concurrency) =>
      new onPostgres.Worker(name, process, {
        connection,
        concurrency,
        runRetryDelay: RETRY_DELAY_MS,
        maxStalledCount: MAX_LOST_RUNS,
      }),
  };
}
