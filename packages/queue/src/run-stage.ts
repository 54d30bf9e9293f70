import { type CarriedJob, type Carrier, type Consumer, JOB_OPTIONS, type JobData, type Producer } from "./carrier.ts";
import type { Hint, HintHandler, Stage } from "./types.ts";
import { within } from "./within.ts";

/** The scheduler's id, and the name of the jobs that it makes. */
const TICK = "tick";

/** The name of a job that somebody asked for. */
export const HINT = "hint";

/** Ticks that may fail to come before the schedule is looked at. */
const MISSED_TICKS = 2;

/** Rounds of the watchdog without a job, and without anybody else getting one, before the connections are made anew. */
const ROUNDS_BEFORE_REOPEN = 3;

/** How long the server may take for one command, in milliseconds. */
export const COMMAND_TIMEOUT_MS = 2_000;

/** How long a handler may still take when the queue is closed, in milliseconds. */
const CLOSE_TIMEOUT_MS = 10_000;

export interface StageInput {
  readonly carrier: Carrier;
  readonly stage: Stage;
  readonly handler: HintHandler;
  readonly concurrency: number;
  readonly tickMs: number;
  readonly watchdogMs: number;
  readonly log: (message: string) => void;
}

/** A stage at work in this process. */
export interface RunningStage {
  close(): Promise<void>;
}

/**
 * Handles a stage's hints and ticks, and keeps them coming.
 *
 * The schedule is a row (or a key) in the server and can be lost there: by FLUSHALL, TRUNCATE, a restart without a disk. A
 * consumer can stop for good: when its first connection failed, or in the middle of such a loss. So a watchdog looks:
 * - a job came lately: all is well;
 * - none came, but the schedule goes on: another process gets the ticks;
 * - otherwise the schedule is made again, the handler is called from here as long as that lasts, and after some rounds
 *   the connections are thrown away for new ones.
 */
export async function runStage(input: StageInput): Promise<RunningStage> {
  const runner = new StageRunner(input);
  await runner.open();
  return runner;
}

class StageRunner implements RunningStage {
  readonly #input: StageInput;
  #producer: Producer | undefined;
  #consumer: Consumer | undefined;
  readonly #running = new Set<Promise<void>>();
  #lastJobMs: number = performance.now();
  #lastNext: string | undefined;
  #silentRounds = 0;
  #isTold = false;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(input: StageInput) {
    this.#input = input;
  }

  async open(): Promise<void> {
    this.#connect();
    this.#watch();
    await within(this.#schedule(), COMMAND_TIMEOUT_MS, "making the schedule").catch((error: Error) =>
      this.#note(error),
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #connect(): void {
    const { carrier, stage, concurrency } = this.#input;
    this.#producer = carrier.produce(stage);
    this.#consumer = carrier.consume({ stage, concurrency, process: (job) => this.#process(job) });
    // Without a listener an error event would end the process. The watchdog sees what matters: that no jobs come.
    for (const end of [this.#producer, this.#consumer]) end.on("error", () => undefined);
  }

  async #process(job: CarriedJob): Promise<void> {
    this.#lastJobMs = performance.now();
    this.#silentRounds = 0;
    if (this.#isTold) this.#input.log(`${this.#input.stage}: the queue is back`);
    this.#isTold = false;
    // From here on a new hint for this ledger may mean work that this run no longer sees: let it wait its turn.
    if (job.name === HINT) await job.removeDeduplicationKey().catch(() => false);
    const error = await this.#handle(toHint(job.data));
    // The message may hold anything; only the ledger's own log is told.
    if (error !== undefined) throw new Error("the handler failed");
  }

  async #handle(hint: Hint): Promise<Error | undefined> {
    const run = this.#input.handler(hint);
    const settled = run.catch(() => undefined);
    this.#running.add(settled);
    try {
      await run;
      return undefined;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      this.#input.log(`${this.#input.stage}: ${failure.message}`);
      return failure;
    } finally {
      this.#running.delete(settled);
    }
  }

  #watch(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#look().then(() => {
        if (!this.#isClosing) this.#watch();
      });
    }, this.#input.watchdogMs);
  }

  async #look(): Promise<void> {
    const { tickMs } = this.#input;
    if (this.#running.size > 0 || performance.now() - this.#lastJobMs < MISSED_TICKS * tickMs) return;
    try {
      if (await within(this.#isTicking(), COMMAND_TIMEOUT_MS, "reading the schedule")) {
        this.#silentRounds = 0;
        return;
      }
      await within(this.#schedule(), COMMAND_TIMEOUT_MS, "making the schedule");
    } catch (error) {
      this.#note(error as Error);
    }
    this.#silentRounds += 1;
    if (this.#silentRounds % ROUNDS_BEFORE_REOPEN === 0) await this.#reopen();
    if (!this.#isClosing) await this.#handle({});
  }

  /** Whether the schedule has moved since the last look, whoever it is that gets its jobs. */
  async #isTicking(): Promise<boolean> {
    const schedule = await this.#producer?.getJobScheduler(TICK);
    const next = schedule === undefined ? undefined : String(schedule.next);
    const isMoving = next !== undefined && next !== this.#lastNext;
    this.#lastNext = next;
    return isMoving;
  }

  async #schedule(): Promise<void> {
    const template = { name: TICK, data: {} satisfies JobData, opts: JOB_OPTIONS };
    await this.#producer?.upsertJobScheduler(TICK, { every: this.#input.tickMs }, template);
  }

  async #reopen(): Promise<void> {
    const old = [this.#consumer, this.#producer];
    try {
      await within(this.#input.carrier.prepare(), COMMAND_TIMEOUT_MS, "connecting");
    } catch {
      // The server is away: what we have tries again by itself, and so does the next round.
      return;
    }
    if (this.#isClosing) return;
    this.#connect();
    for (const end of old) void shut(end);
    await within(this.#schedule(), COMMAND_TIMEOUT_MS, "making the schedule").catch(() => undefined);
  }

  #note(error: Error): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#input.log(`${this.#input.stage}: no ticks from the queue (${error.message}); going on without it`);
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    // From here on the consumer takes nothing new; with its server gone it would wait for ever to say so.
    const closing = this.#consumer?.close() ?? Promise.resolve();
    closing.catch(() => undefined);
    const rest = Promise.all([this.#round, ...this.#running]);
    await within(rest, CLOSE_TIMEOUT_MS, "the last run").catch(() => undefined);
    await Promise.all([this.#consumer, this.#producer].map((end) => shut(end)));
  }
}

/** Closes an end of a queue; if its server does not let it, cuts the connection. */
export async function shut(end: Pick<Producer, "close" | "disconnect"> | undefined): Promise<void> {
  if (end === undefined) return;
  try {
    await within(end.close(), COMMAND_TIMEOUT_MS, "closing");
  } catch {
    await within(end.disconnect(), COMMAND_TIMEOUT_MS, "disconnecting").catch(() => undefined);
  }
}

/** What a job says, believed only so far: anybody who can write to the queue's server may have written it. */
function toHint(data: unknown): Hint {
  const ledger = typeof data === "object" && data !== null ? (data as JobData).ledger : undefined;
  return typeof ledger === "string" && isLedgerId(ledger) ? { ledger } : {};
}

/** Whether a text is a ledger's id in decimal. */
export function isLedgerId(text: string): boolean {
  return /^(?:0|[1-9]\d{0,18})$/.test(text);
}
