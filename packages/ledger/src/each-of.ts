import { LedgerError } from "@eventchain/core";

/**
 * What is in batches, one by one, as an async generator would give it: steps that are asked for at once are given in order,
 * and a failure, or `return`, is the end. What is in memory already costs one promise for each and no more: a generator
 * over a generator costs more than to fetch and to decode an event.
 * Errors: LedgerError `aborted`; those of the batches.
 */
export function eachOf<T>(
  batches: AsyncIterable<readonly T[]>,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<T, void, undefined> {
  const source = batches[Symbol.asyncIterator]();
  let batch: readonly T[] = [];
  let index = 0;
  let ended = false;
  /** The last of the steps that wait for a batch; undefined while none does. */
  let waiting: Promise<unknown> | undefined;

  async function end(): Promise<void> {
    if (ended) return;
    ended = true;
    batch = [];
    await source.return?.();
  }

  /** The next of the batch at hand; undefined where that is over. */
  function take(): IteratorResult<T, void> | undefined {
    if (ended) return { done: true, value: undefined };
    if (index === batch.length) return undefined;
    if (signal?.aborted === true) throw new LedgerError("aborted", "the caller gave up", { cause: signal.reason });
    const value = batch[index] as T;
    index += 1;
    return { done: false, value };
  }

  async function fetch(): Promise<IteratorResult<T, void>> {
    for (;;) {
      const taken = take();
      if (taken !== undefined) return taken;
      const next = await source.next();
      if (ended) return { done: true, value: undefined };
      if (next.done === true) {
        ended = true;
        return { done: true, value: undefined };
      }
      batch = next.value;
      index = 0;
    }
  }

  function wait(): Promise<IteratorResult<T, void>> {
    const step = (waiting ?? Promise.resolve()).then(fetch).catch(async (error: unknown) => {
      await end();
      throw error;
    });
    const settled = step.then(leave, leave);
    waiting = settled;
    function leave(): void {
      if (waiting === settled) waiting = undefined;
    }
    return step;
  }

  const steps: AsyncIterableIterator<T, void, undefined> & AsyncDisposable = {
    next() {
      try {
        const taken = waiting === undefined ? take() : undefined;
        return taken === undefined ? wait() : Promise.resolve(taken);
      } catch (error) {
        return end().then(() => {
          throw error;
        });
      }
    },
    async return() {
      // No turn in between: a `next` that is called after it finds it ended.
      if (waiting !== undefined) await waiting;
      await end();
      return { done: true, value: undefined };
    },
    async [Symbol.asyncDispose]() {
      await steps.return?.();
    },
    [Symbol.asyncIterator]: () => steps,
  };
  return steps;
}
