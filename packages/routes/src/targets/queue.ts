import { LedgerError } from "@eventchain/core";
import { type EventQueueConnection, type EventQueueOptions, openEventQueue } from "@eventchain/queue";
import { checkOptions } from "../check-options.ts";
import { toCloudEvent } from "../events/to-cloud-event.ts";
import type { CloudEventOptions } from "../events/types.ts";
import type { Target } from "./types.ts";

export type QueueOptions = EventQueueConnection &
  EventQueueOptions &
  Pick<CloudEventOptions, "source" | "withoutMetadata" | "dataSchema">;

const KEYS = [
  "redisUrl",
  "databaseUrl",
  "prefix",
  "schema",
  "name",
  "keepMs",
  "source",
  "withoutMetadata",
  "dataSchema",
] as const;

/**
 * Puts each event into a BullMQ queue as a CloudEvent: a job named after the event's type, whose id is the idempotency
 * key, so that a delivery that is made again is the same job for as long as that is kept. A stream's events are added in
 * their order. What is added is as safe as the server keeps it: Postgres commits it, Redis loses what its own settings let
 * it lose.
 * Errors: LedgerError `config-invalid`.
 */
export function queue(options: QueueOptions): Target {
  checkOptions(options, KEYS, "queue");
  if ("redisUrl" in options === "databaseUrl" in options)
    throw new LedgerError("config-invalid", "queue takes either redisUrl or databaseUrl");
  const opened = openEventQueue(options);
  const { source, withoutMetadata, dataSchema } = options;
  return {
    describe: `queue ${options.name} at ${opened.place}`,
    deliver: (event, { idempotencyKey, origin }) =>
      opened.add({
        id: idempotencyKey,
        name: event.type,
        data: toCloudEvent(event, { origin, source, withoutMetadata, dataSchema }),
      }),
    close: () => opened.close(),
  };
}
