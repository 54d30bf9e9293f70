import { openQueue, type Queue, type QueueConnection, type Stage } from "@eventchain/queue";
import type { Logger, Troubles } from "./logger.ts";

/** How often a queue that could not be opened is tried again, and how often the stages then look by themselves. */
const RETRY_MS = 1_000;

/** A stage's look for work: at one ledger, or at all that are due. Its troubles are logged, never thrown. */
export type Look = (ledgerId?: bigint) => Promise<void>;

export interface KeptQueue {
  /** Hints a stage; false where the queue cannot carry it now. Never throws: a lost hint costs a tick. */
  hint(stage: Stage, ledgerId: bigint): Promise<boolean>;
  close(): Promise<void>;
}

export interface KeepQueueInput {
  connection: QueueConnection;
  prefix: string;
  stages: ReadonlyMap<Stage, Look>;
  logger: Logger;
  troubles: Troubles;
}

/**
 * Opens the queue and puts the stages to work on it. A queue that is away when the workers start is tried every second,
 * and until it is there the stages look for due work by themselves; one that goes away later is the queue's own watchdog's
 * matter. Work never depends on it.
 */
export async function keepQueue(input: KeepQueueInput): Promise<KeptQueue> {
  const keeper = new QueueKeeper(input);
  await keeper.open();
  return keeper;
}

class QueueKeeper implements KeptQueue {
  readonly #input: KeepQueueInput;
  #queue: Queue | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempt: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(input: KeepQueueInput) {
    this.#input = input;
  }

  async open(): Promise<void> {
    const { connection, prefix, stages, logger, troubles } = this.#input;
    try {
      const log = (message: string): void => logger("warn", "queue", { message });
      const queue = await openQueue({ ...connection, prefix, log });
      for (const [stage, look] of stages) {
        await queue.work(stage, ({ ledger }) => look(ledger === undefined ? undefined : BigInt(ledger)));
      }
      this.#queue = queue;
      troubles.over("queue", "queue-back");
      logger("info", "queue-open", { backend: queue.backend });
    } catch (error) {
      troubles.note("queue", "queue-unavailable", error);
      this.#tryLater();
    }
  }

  async hint(stage: Stage, ledgerId: bigint): Promise<boolean> {
    try {
      await this.#queue?.hint(stage, ledgerId.toString());
      return this.#queue !== undefined;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    await this.#attempt;
    await this.#queue?.close();
  }

  #tryLater(): void {
    if (this.#closing) return;
    this.#timer = setTimeout(() => {
      this.#attempt = this.#lookAndOpen();
    }, RETRY_MS);
  }

  async #lookAndOpen(): Promise<void> {
    await Promise.all([...this.#input.stages.values()].map((look) => look()));
    if (!this.#closing) await this.open();
  }
}
