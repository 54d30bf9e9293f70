export { migrateQueue, QUEUE_SCHEMA } from "./connect-postgres.ts";
export { DEFAULT_PREFIX, DEFAULT_TICK_MS, openQueue, type QueueConnection } from "./open-queue.ts";
export type { Hint, HintHandler, Queue, QueueBackend, QueueOptions, Stage, WorkOptions } from "./types.ts";
