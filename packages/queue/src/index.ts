export { migrateQueue, QUEUE_SCHEMA } from "./connect-postgres.ts";
export { consumeEvents } from "./events/consume-events.ts";
export { DEFAULT_KEEP_MS, openEventQueue } from "./events/open-event-queue.ts";
export type {
  ConsumeOptions,
  EventConsumer,
  EventJob,
  EventQueue,
  EventQueueConnection,
  EventQueueOptions,
  ReceivedEvent,
} from "./events/types.ts";
export { DEFAULT_PREFIX, DEFAULT_TICK_MS, openQueue, type QueueConnection } from "./open-queue.ts";
export type { Hint, HintHandler, Queue, QueueBackend, QueueOptions, Stage, WorkOptions } from "./types.ts";
