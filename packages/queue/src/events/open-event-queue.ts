import { LedgerError } from "@eventchain/core";
import { queueUnavailable } from "../carrier.ts";
import { shut } from "../run-stage.ts";
import { within } from "../within.ts";
import { connectEvents, type EventCarrier } from "./connect-events.ts";
import type { EventJob, EventQueue, EventQueueConnection, EventQueueOptions } from "./types.ts";

/** How long a job is kept after it is done: a day. */
export const DEFAULT_KEEP_MS = 86_400_000;

/** How long the server may take to add one, in milliseconds. */
const ADD_TIMEOUT_MS = 5_000;

/**
 * A queue to put events into. Connects at the first event, and again after it was lost; nothing has to be there before.
 * Errors: LedgerError `config-invalid`.
 */
export function openEventQueue(options: EventQueueConnection & EventQueueOptions): EventQueue {
  const { name, keepMs = DEFAULT_KEEP_MS } = options;
  if (!Number.isSafeInteger(keepMs) || keepMs < 0)
    throw new LedgerError("config-invalid", `keepMs is ${keepMs}: give milliseconds from 0`);
  return new ProducedQueue(connectEvents(options, name), keepMs);
}

type Producer = ReturnType<EventCarrier["produce"]>;

class ProducedQueue implements EventQueue {
  readonly place: string;
  readonly #carrier: EventCarrier;
  readonly #keepSeconds: number;
  #producer: Promise<Producer> | undefined;

  constructor(carrier: EventCarrier, keepMs: number) {
    this.place = carrier.place;
    this.#carrier = carrier;
    this.#keepSeconds = Math.ceil(keepMs / 1000);
  }

  async add({ id, name, data }: EventJob): Promise<void> {
    const opening = this.#open();
    try {
      const producer = await opening;
      // A failed one is kept for whoever looks after the queue; the consumer's own attempts are within one run of the job.
      const options = { jobId: id, attempts: 1, removeOnComplete: { age: this.#keepSeconds }, removeOnFail: false };
      await within(producer.add(name, data, options), ADD_TIMEOUT_MS, "adding the event");
    } catch (error) {
      // A producer whose connection failed may never get another: the next event has a new one.
      if (this.#producer === opening) await this.close();
      throw queueUnavailable(this.place, error);
    }
  }

  async close(): Promise<void> {
    const closing = this.#producer;
    this.#producer = undefined;
    await closing?.then(
      (producer) => shut(producer),
      () => undefined,
    );
  }

  #open(): Promise<Producer> {
    this.#producer ??= this.#connect();
    return this.#producer;
  }

  async #connect(): Promise<Producer> {
    await this.#carrier.prepare();
    const producer = this.#carrier.produce();
    producer.on("error", () => undefined);
    return producer;
  }
}
