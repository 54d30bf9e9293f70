import { LedgerError } from "@eventchain/core";
import type { Watermarks } from "@eventchain/store";

/** The pause between two reads is the shorter one after a change, and grows to the longer one while nothing changes. */
const MIN_POLL_DELAY_MS = 20;
export const MAX_POLL_DELAY_MS = 500;
const DELAY_GROWTH = 1.5;
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

/** One reader of a ledger's watermarks, shared by all that wait for them. */
export interface WatermarkWatch {
  /**
   * Resolves with the first answer of `test` that is not undefined; each read of the watermarks is tested.
   * Errors: LedgerError `timeout`, `aborted`, or what a read fails with, unless that is retryable.
   */
  until<T>(test: (watermarks: Watermarks) => T | undefined, options: UntilOptions): Promise<T>;
  /** Ends all waits with `aborted`, and the reading. */
  close(): void;
}

interface Waiter {
  /** True when it has got its answer. */
  offer(watermarks: Watermarks): boolean;
  fail(error: unknown): void;
}

/**
 * States: idle (no waiter, no timer) → reading ⇄ pausing while there is a waiter → idle; closed is the end. At most one
 * read is under way and at most one timer is set, however many wait. Polling needs no session of its own in Postgres, so
 * it works behind a pooler in transaction mode.
 */
export function watchWatermarks(read: () => Promise<Watermarks>): WatermarkWatch {
  const waiters = new Set<Waiter>();
  let timer: NodeJS.Timeout | undefined;
  let reading = false;
  let hurried = false;
  let closed = false;
  let delayMs = MIN_POLL_DELAY_MS;
  let newest: Watermarks | undefined;
  let failure: unknown;

  function schedule(afterMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void poll(), afterMs);
  }

  async function poll(): Promise<void> {
    timer = undefined;
    hurried = false;
    reading = true;
    try {
      const watermarks = await read();
      failure = undefined;
      const changed = newest === undefined || !equal(newest, watermarks);
      newest = watermarks;
      delayMs = changed ? MIN_POLL_DELAY_MS : longer(delayMs);
      for (const waiter of [...waiters]) if (waiter.offer(watermarks)) waiters.delete(waiter);
    } catch (error) {
      failure = error;
      delayMs = longer(delayMs);
      const mayPass = error instanceof LedgerError && error.retryable;
      if (!mayPass) for (const waiter of [...waiters]) waiter.fail(error);
    } finally {
      reading = false;
    }
    if (waiters.size > 0) schedule(delayMs);
  }

  /** A new wait need not sit out a long pause, but a stream of new ones must not put the next read off either. */
  function wake(): void {
    delayMs = MIN_POLL_DELAY_MS;
    if (reading || hurried) return;
    hurried = true;
    schedule(timer === undefined ? 0 : MIN_POLL_DELAY_MS);
  }

  function until<T>(test: (watermarks: Watermarks) => T | undefined, options: UntilOptions): Promise<T> {
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
      const waiter: Waiter = {
        offer: (watermarks) => {
          const answer = test(watermarks);
          if (answer === undefined) return false;
          end();
          resolve(answer);
          return true;
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

function equal(a: Watermarks, b: Watermarks): boolean {
  return a.sealedSize === b.sealedSize && a.anchoredSize === b.anchoredSize && a.finalSize === b.finalSize;
}

function longer(delayMs: number): number {
  return Math.min(delayMs * DELAY_GROWTH, MAX_POLL_DELAY_MS);
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
