import { LedgerError } from "@eventchain/core";

/** The LedgerError `aborted` of a caller's signal; its reason is the cause. */
export function abortedError(signal: AbortSignal): LedgerError {
  return new LedgerError("aborted", "the caller gave up", { cause: signal.reason });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortedError(signal);
}

/** Waits for `work`, but no longer than the signal allows; `work` itself goes on, and its result is dropped. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(abortedError(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Whichever lost the race may still fail: nobody waits for it any more.
    work.catch(() => undefined);
    aborted.promise.catch(() => undefined);
  }
}
