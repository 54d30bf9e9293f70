import { Worker } from "node:worker_threads";
import type { FromThread, OwnLedger, ThreadData, ToThread } from "./messages.ts";

/** How a thread of handlers is watched and started again, times in milliseconds. */
export interface ThreadLimits {
  /** Of its heap, in MiB. */
  readonly heapMb: number;
  /** How often it says that it is alive. */
  readonly beatMs: number;
  /** How long it may say nothing: a handler that loops keeps it from saying anything. */
  readonly silentMs: number;
  /** How long it may take to load. */
  readonly loadMs: number;
  /** The pause before it is started again: the first one, then twice as long each time, at most the last one. */
  readonly firstPauseMs: number;
  readonly maxPauseMs: number;
  /** After so long without trouble, its troubles are over. */
  readonly soundMs: number;
  /** How long it may take to finish what is at hand, once told to close. */
  readonly closeMs: number;
}

export const THREAD_LIMITS: ThreadLimits = {
  heapMb: 512,
  beatMs: 1_000,
  silentMs: 15_000,
  loadMs: 60_000,
  firstPauseMs: 1_000,
  maxPauseMs: 60_000,
  soundMs: 120_000,
  closeMs: 15_000,
};

export interface KeepThreadInput {
  readonly data: Omit<ThreadData, "beatMs">;
  readonly limits: ThreadLimits;
  /** Where it ends before it has ever started, it is not started again: what it failed by is for `begun` to say. */
  readonly mustStart: boolean;
  /** Told each time that it has started. Never throws. */
  readonly onStart?: (modules: readonly OwnLedger[]) => void;
  /** Takes a line of the thread's log. */
  readonly onLog: (line: Extract<FromThread, { kind: "log" }>) => void;
  /** Told of each trouble, whether it ended the thread, and whose ledger's it is where that is known. Never throws. */
  readonly onTrouble: (reason: string, ended: boolean, origin: string | undefined) => void;
  /** Told once it has run long enough without one. Never throws. */
  readonly onSound: () => void;
}

/** Why a thread never started. */
export type Failure = Omit<Extract<FromThread, { kind: "failed" }>, "kind">;

export interface KeptThread {
  /** Resolves once it has started for the first time, with undefined; with `mustStart` also when it cannot. */
  readonly begun: Promise<Failure | undefined>;
  /** Lets the thread finish what is at hand, and ends it. May be called twice. */
  close(): Promise<void>;
}

/**
 * Keeps a thread of handlers running: starting → running, and after whatever ended it, or kept it from saying that it
 * is alive, a pause → starting. Nothing that its code does comes through: an error, an exit, a loop, a full heap.
 */
export function keepThread(input: KeepThreadInput): KeptThread {
  const keeper = new ThreadKeeper(input);
  keeper.start();
  return keeper;
}

class ThreadKeeper implements KeptThread {
  readonly #input: KeepThreadInput;
  #worker: Worker | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #failures = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  #sound: NodeJS.Timeout | undefined;
  #failure: Failure | undefined;
  #hasBegun = false;
  readonly #first = Promise.withResolvers<Failure | undefined>();
  #closing: Promise<void> | undefined;

  constructor(input: KeepThreadInput) {
    this.#input = input;
  }

  get begun(): Promise<Failure | undefined> {
    return this.#first.promise;
  }

  start(): void {
    const { data, limits } = this.#input;
    const [, extension] = /\.(ts|js)$/.exec(import.meta.url) ?? [];
    this.#failure = undefined;
    const worker = new Worker(new URL(`./handler-thread.${extension}`, import.meta.url), {
      workerData: { ...data, beatMs: limits.beatMs } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: limits.heapMb },
      name: data.own?.origin ?? "handlers",
    });
    this.#worker = worker;
    this.#ended = new Promise((resolve) => worker.once("exit", resolve));
    let hasStarted = false;
    worker.on("message", (message: FromThread) => {
      if (message.kind === "started") {
        hasStarted = true;
        this.#begin(message.modules);
      }
      this.#take(message);
      if (hasStarted) this.#watch(limits.silentMs, "a handler keeps its thread busy: does it loop?");
    });
    worker.on("error", (error: unknown) => {
      this.#failure ??= { reason: error instanceof Error ? error.message : String(error) };
    });
    worker.once("exit", (code) => this.#exited(code));
    this.#watch(limits.loadMs, "it takes too long to load");
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#later);
    clearTimeout(this.#sound);
    this.#worker?.postMessage({ kind: "close" } satisfies ToThread);
    const patience = setTimeout(() => void this.#worker?.terminate(), this.#input.limits.closeMs);
    await this.#ended;
    clearTimeout(patience);
    clearTimeout(this.#watchdog);
  }

  #begin(modules: readonly OwnLedger[]): void {
    this.#hasBegun = true;
    this.#first.resolve(undefined);
    this.#soundLater();
    if (this.#closing === undefined) this.#input.onStart?.(modules);
  }

  #take(message: FromThread): void {
    if (message.kind === "log") this.#input.onLog(message);
    if (message.kind === "failed") this.#failure ??= message;
    if (message.kind !== "trouble") return;
    this.#input.onTrouble(message.reason, false, message.origin);
    this.#soundLater();
  }

  #soundLater(): void {
    clearTimeout(this.#sound);
    if (this.#closing !== undefined) return;
    this.#sound = setTimeout(() => {
      this.#failures = 0;
      this.#input.onSound();
    }, this.#input.limits.soundMs);
  }

  #watch(ms: number, reason: string): void {
    clearTimeout(this.#watchdog);
    if (this.#worker !== undefined)
      this.#watchdog = setTimeout(() => this.#kill(`${reason} (ended after ${ms} ms)`), ms);
  }

  #kill(reason: string): void {
    this.#failure ??= { reason };
    void this.#worker?.terminate();
  }

  #exited(code: number): void {
    this.#worker = undefined;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#sound);
    if (this.#closing !== undefined) return;
    const { limits, mustStart, onTrouble } = this.#input;
    const failure = this.#failure ?? { reason: `its code ended the thread with exit code ${code}` };
    if (mustStart && !this.#hasBegun) {
      this.#first.resolve(failure);
      return;
    }
    const pauseMs = Math.min(limits.firstPauseMs * 2 ** this.#failures, limits.maxPauseMs);
    this.#failures += 1;
    onTrouble(failure.reason, true, undefined);
    this.#later = setTimeout(() => this.start(), pauseMs);
  }
}
