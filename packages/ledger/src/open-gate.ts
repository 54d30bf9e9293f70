import { LedgerError } from "@eventchain/core";

/**
 * Where all verbs of a connection go through. Open until `close`, and then for ever closed: what starts afterwards is
 * refused with LedgerError `aborted`, so that what is on its way comes to an end however many callers go on calling.
 */
export interface Gate {
  /** Runs a verb, in the caller's turn. */
  run<T>(verb: () => Promise<T>): Promise<T>;
  /**
   * An iteration, of which each step is a verb of its own: one that nobody goes on with holds nothing up, and ends at its
   * next step. What `verb` throws, a check of its options, say, is thrown by the call.
   */
  iterate<T>(verb: () => AsyncIterable<T>): AsyncIterable<T>;
  /** Aborted by `close`, for what waits: it ends then. */
  readonly closing: AbortSignal;
  /** Throws where it is closed, for what runs to its end in the caller's turn. */
  check(): void;
  close(): void;
  /** Waits until what had started before `close` has come to its end. */
  drain(): Promise<void>;
}

export function openGate(): Gate {
  const closing = new AbortController();
  let running = 0;
  let drained: PromiseWithResolvers<void> | undefined;

  function check(): void {
    if (closing.signal.aborted) throw new LedgerError("aborted", "the connection is closed: connect again to go on");
  }

  function leave(): void {
    running -= 1;
    if (running === 0) drained?.resolve();
  }

  async function run<T>(verb: () => Promise<T>): Promise<T> {
    check();
    running += 1;
    try {
      return await verb();
    } finally {
      leave();
    }
  }

  function iterate<T>(verb: () => AsyncIterable<T>): AsyncIterable<T> {
    check();
    const iterable = verb();
    return { [Symbol.asyncIterator]: () => guardSteps(iterable[Symbol.asyncIterator]()) };
  }

  function guardSteps<T>(steps: AsyncIterator<T>): AsyncIterator<T> {
    return {
      // As `run`, without its promises: an event that is in memory already is to cost no more than it must.
      next() {
        let step: Promise<IteratorResult<T>>;
        try {
          check();
          step = steps.next();
        } catch (error) {
          return Promise.reject(error);
        }
        running += 1;
        step.then(leave, leave);
        return step;
      },
      // Giving up asks nothing of the database.
      return: async () => (await steps.return?.()) ?? { done: true, value: undefined },
    };
  }

  return {
    run,
    iterate,
    check,
    close: () => closing.abort(new Error("the connection is closed")),
    closing: closing.signal,
    async drain() {
      if (running === 0) return;
      drained ??= Promise.withResolvers<void>();
      await drained.promise;
    },
  };
}
