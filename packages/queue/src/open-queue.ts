import type { Queue, QueueOptions } from "./types.ts";

/** Either a Redis server's URL, or a Postgres database's for BullMQ's Postgres backend. */
export type QueueConnection = { readonly redisUrl: string } | { readonly databaseUrl: string };

/**
 * Opens the queues of all stages.
 *
 * @throws LedgerError `queue-unavailable` if the server cannot be reached now
 */
export async function openQueue(options: QueueConnection & QueueOptions): Promise<Queue> {
  throw new Error(`not built yet: ${"redisUrl" in options ? "redis" : "postgres"}`);
}
