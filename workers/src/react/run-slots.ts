/** Runs that one process makes at the same time, of all reactions of all ledgers. */
export const MAX_RUNS = 32;

/** Of these, so many at most are one reaction's. */
export const MAX_RUNS_OF_ONE = 16;

/**
 * What one process has running. However many runs of others are slow, each reaction may have one at any time: past
 * `MAX_RUNS`, there is at most one for each reaction that had none.
 */
export interface RunSlots {
  /** How many runs a reaction may begin now. `key`: ledger and reaction. */
  free(key: string): number;
  running(key: string): number;
  /** Begins one. It must not reject. */
  start(key: string, run: () => Promise<void>): void;
  /** Resolves when one of this key's runs ends, or when all have, or when so many milliseconds have passed. */
  wait(key: string, until: "one" | "all", timeoutMs: number): Promise<void>;
  /** Resolves when none runs. */
  drain(): Promise<void>;
}

export function openRunSlots(): RunSlots {
  const running = new Map<string, number>();
  const waiting = new Set<() => void>();
  let total = 0;
  const countOf = (key: string): number => running.get(key) ?? 0;

  /** Looks again at each end of a run whether what is waited for is so. */
  function until(isSo: () => boolean, timeoutMs?: number): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(end, Math.max(timeoutMs, 0));
      function end(): void {
        clearTimeout(timer);
        waiting.delete(look);
        resolve();
      }
      function look(): void {
        if (isSo()) end();
      }
      waiting.add(look);
    });
  }

  return {
    free(key) {
      const own = countOf(key);
      return Math.max(own === 0 ? 1 : 0, Math.min(MAX_RUNS_OF_ONE - own, MAX_RUNS - total));
    },
    running: countOf,
    start(key, run) {
      total += 1;
      running.set(key, countOf(key) + 1);
      void run().finally(() => {
        total -= 1;
        const left = countOf(key) - 1;
        if (left === 0) running.delete(key);
        else running.set(key, left);
        for (const look of [...waiting]) look();
      });
    },
    wait(key, what, timeoutMs) {
      const before = countOf(key);
      return until(() => countOf(key) === 0 || (what === "one" && countOf(key) < before), timeoutMs);
    },
    drain: () => until(() => total === 0),
  };
}
