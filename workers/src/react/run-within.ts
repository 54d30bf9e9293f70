import { LedgerError } from "@eventchain/core";

/** How long a run that was told that the worker stops may still take to come to its end. */
export const STOP_GRACE_MS = 2_000;

/** How a run of an application's code ended. */
export type RunEnd =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly error: unknown }
  /** The worker stops; nobody knows how far the run came. */
  | { readonly kind: "stopped" };

/**
 * Runs code for a time. What is not at its end by then has failed; whatever it does later, a rejection too, is not listened
 * to. Its signal is aborted when its time is over, and when the worker stops: then it has `STOP_GRACE_MS` to end by itself.
 */
export async function runWithin(
  { timeoutMs, stop }: { timeoutMs: number; stop: AbortSignal },
  run: (signal: AbortSignal) => Promise<void>,
): Promise<RunEnd> {
  const over = new AbortController();
  const cut = Promise.withResolvers<RunEnd>();
  const onTimeout = (): void => {
    const error = new LedgerError("timeout", `the run took longer than ${timeoutMs} ms`, { values: { timeoutMs } });
    over.abort(error);
    cut.resolve({ kind: "failed", error });
  };
  const timer = setTimeout(onTimeout, timeoutMs);
  let graceTimer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    over.abort(new LedgerError("aborted", "the worker stops"));
    graceTimer = setTimeout(() => cut.resolve({ kind: "stopped" }), STOP_GRACE_MS);
  };
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true });
  try {
    return await Promise.race([cut.promise, settle(run, over.signal, stop)]);
  } finally {
    clearTimeout(timer);
    clearTimeout(graceTimer);
    stop.removeEventListener("abort", onStop);
    // What goes on in spite of its end is told so.
    over.abort(new LedgerError("aborted", "the run is over"));
  }
}

async function settle(
  run: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  stop: AbortSignal,
): Promise<RunEnd> {
  try {
    await run(signal);
    return { kind: "done" };
  } catch (error) {
    // What fails since it was told to stop says nothing about the task.
    return stop.aborted ? { kind: "stopped" } : { kind: "failed", error };
  }
}
