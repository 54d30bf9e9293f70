export { openQueue, type QueueConnection } from "./open-queue.ts";
export type { Hint, HintHandler, Queue, QueueBackend, QueueOptions, Stage, WorkOptions } from "./types.ts";
