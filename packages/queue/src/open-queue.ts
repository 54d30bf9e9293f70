import { LedgerError } from "@eventchain/core";
import { type Carrier, JOB_OPTIONS, type Producer, queueUnavailable } from "./carrier.ts";
import { connectPostgres } from "./connect-postgres.ts";
import { connectRedis } from "./connect-redis.ts";
import { COMMAND_TIMEOUT_MS, HINT, isLedgerId, type RunningStage, runStage, shut } from "./run-stage.ts";
import type { Queue, QueueOptions, Stage } from "./types.ts";
import { within } from "./within.ts";

/** Either a Redis server's URL, or a Postgres database's for BullMQ's Postgres backend. */
export type QueueConnection = { readonly redisUrl: string } | { readonly databaseUrl: string };

export const DEFAULT_PREFIX = "eventchain";
export const DEFAULT_TICK_MS = 1_000;
const DEFAULT_WATCHDOG_MS = 1_500;

/** How long a hint that nobody handles keeps others for the same ledger away, in milliseconds: should its job be lost. */
const HINT_LIFE_MS = 60_000;

/**
 * Opens the queues of all stages.
 *
 * @throws LedgerError `queue-unavailable` if the server cannot be reached now; `config-invalid` if the URL is none
 */
export async function openQueue(options: QueueConnection & QueueOptions): Promise<Queue> {
  const { prefix = DEFAULT_PREFIX } = options;
  const carrier =
    "redisUrl" in options ? connectRedis(options.redisUrl, prefix) : connectPostgres(options.databaseUrl, prefix);
  await carrier.prepare();
  return new StageQueues(carrier, options);
}

class StageQueues implements Queue {
  readonly backend: Queue["backend"];
  readonly #carrier: Carrier;
  readonly #options: QueueOptions;
  readonly #producers = new Map<Stage, Producer>();
  readonly #stages: RunningStage[] = [];
  readonly #hints = new Map<string, Promise<void>>();
  #closed: Promise<void> | undefined;

  constructor(carrier: Carrier, options: QueueOptions) {
    this.backend = carrier.backend;
    this.#carrier = carrier;
    this.#options = options;
  }

  hint(stage: Stage, ledger: string): Promise<void> {
    if (!isLedgerId(ledger))
      throw new LedgerError("invalid-argument", "a hint names a ledger by its id", { values: { ledger } });
    if (this.#closed !== undefined) return Promise.resolve();
    const key = `${stage} ${ledger}`;
    // Many appends at once are one hint: those that come while one is on its way share the one after it.
    const waiting = this.#hints.get(key);
    if (waiting !== undefined) return waiting;
    const sent = this.#send(stage, ledger, key);
    this.#hints.set(key, sent);
    return sent;
  }

  async #send(stage: Stage, ledger: string, key: string): Promise<void> {
    await new Promise(setImmediate);
    this.#hints.delete(key);
    const producer = this.#producerOf(stage);
    const deduplication = { id: ledger, ttl: HINT_LIFE_MS };
    try {
      const added = producer.add(HINT, { ledger }, { ...JOB_OPTIONS, deduplication });
      await within(added, COMMAND_TIMEOUT_MS, "the hint");
    } catch (error) {
      // A producer whose first connection failed never gets another: the next hint has a new one.
      if (this.#producers.get(stage) === producer) this.#producers.delete(stage);
      void shut(producer);
      throw queueUnavailable(this.#carrier.place, error);
    }
  }

  async work(
    stage: Stage,
    handler: Parameters<Queue["work"]>[1],
    options: { concurrency?: number } = {},
  ): Promise<void> {
    const { tickMs = DEFAULT_TICK_MS, watchdogMs = DEFAULT_WATCHDOG_MS, log = () => undefined } = this.#options;
    const { concurrency = 1 } = options;
    const input = { carrier: this.#carrier, stage, handler, concurrency, tickMs, watchdogMs, log };
    this.#stages.push(await runStage(input));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#stages.map((stage) => stage.close()));
    await Promise.allSettled(this.#hints.values());
    await Promise.all([...this.#producers.values()].map((producer) => shut(producer)));
  }

  #producerOf(stage: Stage): Producer {
    const known = this.#producers.get(stage);
    if (known !== undefined) return known;
    const producer = this.#carrier.produce(stage);
    producer.on("error", () => undefined);
    this.#producers.set(stage, producer);
    return producer;
  }
}
