import { LedgerError } from "@eventchain/core";

/** How long the pauses between two reads are. */
export interface Pace {
  /** The shortest pause, after a change or a new wait. */
  minDelayMs: number;
  /** The pause after so long without either. */
  delayMs: (quietMs: number) => number;
}

/** The shortest pause after a read that failed: a server that is starting is not to be stormed. */
const FAILED_DELAY_MS = 50;
/** What a timer can wait for; a longer wait has no end. */
const MAX_TIMER_MS = 2 ** 31 - 1;

interface UntilOptions {
  /** Default: no end. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /** What is waited for, for the error of a time-out. */
  what: string;
  values?: Readonly<Record<string, unknown>>;
}

/** One reader of something that changes, shared by all that wait for it. */
export interface Watch<Value> {
  /**
   * Resolves with the first answer of `test` that is not undefined; each read is tested.
   * Errors: LedgerError `timeout`, `aborted`, or what a read fails with, unless that is retryable.
   */
  until<T>(test: (value: Value) => T | undefined, options: UntilOptions): Promise<T>;
  /** Ends all waits with `aborted`, and the reading. */
  close(): void;
}

interface Waiter<Value> {
  /** Ends the wait where this is what it waits for. */
  offer(value: Value): void;
  fail(error: unknown): void;
}

/**
 * States: idle (no waiter, no timer) → reading ⇄ pausing while there is a waiter → idle; closed is the end. At most one
 * read is under way and at most one timer is set, however many wait. Polling needs no session of its own in Postgres, so
 * it works behind a pooler in transaction mode.
 */
export function watchValue<Value>(
  read: () => Promise<Value>,
  isSame: (before: Value, now: Value) => boolean,
  pace: Pace,
): Watch<Value> {
  const waiters = new Set<Waiter<Value>>();
  let timer: NodeJS.Timeout | undefined;
  let reading = false;
  let hurried = false;
  let closed = false;
  let newest: Value | undefined;
  let failure: unknown;
  /** When a read began last, and when something changed, or a wait began, last: by the monotonic clock. */
  let readAtMs = Number.NEGATIVE_INFINITY;
  let changedAtMs = 0;

  function schedule(afterMs: number): void {
    clearTimeout(timer);
    // A timer cuts fractions off.
    timer = setTimeout(() => void poll(), Math.ceil(afterMs));
  }

  async function poll(): Promise<void> {
    timer = undefined;
    hurried = false;
    reading = true;
    readAtMs = performance.now();
    try {
      const value = await read();
      failure = undefined;
      if (newest === undefined || !isSame(newest, value)) changedAtMs = performance.now();
      newest = value;
      for (const waiter of [...waiters]) waiter.offer(value);
    } catch (error) {
      failure = error;
      const mayPass = error instanceof LedgerError && error.retryable;
      if (!mayPass) for (const waiter of [...waiters]) waiter.fail(error);
    } finally {
      reading = false;
    }
    if (waiters.size > 0) schedule(pauseMs());
  }

  function pauseMs(): number {
    return Math.max(leastMs(), pace.delayMs(performance.now() - changedAtMs));
  }

  function leastMs(): number {
    return failure === undefined ? pace.minDelayMs : Math.max(pace.minDelayMs, FAILED_DELAY_MS);
  }

  /** A new wait need not sit out a long pause, but a stream of new ones must not put the next read off either. */
  function wake(): void {
    const nowMs = performance.now();
    changedAtMs = nowMs;
    if (reading || hurried) return;
    hurried = true;
    schedule(Math.max(0, readAtMs + leastMs() - nowMs));
  }

  function until<T>(test: (value: Value) => T | undefined, options: UntilOptions): Promise<T> {
    const { timeoutMs, signal, what, values = {} } = options;
    return new Promise<T>((resolve, reject) => {
      const end = (): void => {
        waiters.delete(waiter);
        clearTimeout(deadline);
        signal?.removeEventListener("abort", abort);
        // Nobody waits: the pending pause must not hold the process.
        if (waiters.size === 0 && !reading) {
          clearTimeout(timer);
          timer = undefined;
          hurried = false;
        }
      };
      const waiter: Waiter<Value> = {
        offer: (value) => {
          const answer = test(value);
          if (answer === undefined) return;
          end();
          resolve(answer);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const abort = (): void => waiter.fail(aborted(what, signal?.reason));
      if (closed) return reject(aborted(what, new Error("the connection is closed")));
      if (signal?.aborted) return reject(aborted(what, signal.reason));
      const deadline =
        timeoutMs === undefined || timeoutMs > MAX_TIMER_MS
          ? undefined
          : setTimeout(() => waiter.fail(timedOut(what, timeoutMs, values, failure)), timeoutMs);
      signal?.addEventListener("abort", abort, { once: true });
      waiters.add(waiter);
      wake();
    });
  }

  return {
    until,
    close: () => {
      closed = true;
      for (const waiter of [...waiters]) waiter.fail(aborted("the wait", new Error("the connection is closed")));
    },
  };
}

/** The error of a call that its caller gave up. */
export function aborted(what: string, cause: unknown): LedgerError {
  return new LedgerError("aborted", `${what} was given up`, { cause });
}

function timedOut(
  what: string,
  timeoutMs: number,
  values: Readonly<Record<string, unknown>>,
  cause: unknown,
): LedgerError {
  const why = cause instanceof Error ? ` (the last read failed: ${cause.message})` : "";
  return new LedgerError("timeout", `${what} did not happen within ${timeoutMs} ms${why}`, {
    values: { ...values, timeoutMs },
    cause,
    retryable: true,
  });
}
