/** Rounds of all stages that one process runs at the same time. */
export const ROUNDS_AT_ONCE = 4;

/** What one round says. */
export interface RoundReport {
  readonly more: boolean;
  /** When to ask again by itself: milliseconds since 1970-01-01 UTC. */
  readonly nextAtMs?: bigint | undefined;
}

export interface Rounds {
  /** Asks for a round; any number of times before it begins are one. */
  ask(key: string): void;
  /** Begins none any more, and resolves when the last one has ended. */
  stop(): Promise<void>;
}

export interface RunRoundsInput {
  /** Never throws. */
  readonly run: (key: string) => Promise<RoundReport>;
  readonly clock: () => bigint;
}

/**
 * Runs rounds by their keys: one of a key at a time, `ROUNDS_AT_ONCE` in all, first come, first served. One that has more
 * to do goes to the end of the row, so that a backlog keeps nobody waiting longer than a round.
 */
export function runRounds({ run, clock }: RunRoundsInput): Rounds {
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;

  function ask(key: string): void {
    if (stopped) return;
    waiting.add(key);
    begin();
  }

  function begin(): void {
    for (const key of waiting) {
      if (running.size >= ROUNDS_AT_ONCE || stopped) return;
      // Asked for while it runs: what came may be past what it has read.
      if (running.has(key)) continue;
      waiting.delete(key);
      clearTimeout(timers.get(key));
      timers.delete(key);
      running.set(key, round(key));
    }
  }

  async function round(key: string): Promise<void> {
    const report = await run(key);
    running.delete(key);
    if (report.more) ask(key);
    else if (report.nextAtMs !== undefined) askAt(key, report.nextAtMs);
    begin();
  }

  function askAt(key: string, atMs: bigint): void {
    if (stopped) return;
    const timer = setTimeout(() => ask(key), Math.min(Math.max(Number(atMs - clock()), 0), 2 ** 31 - 1));
    timers.set(key, timer);
  }

  return {
    ask,
    async stop() {
      stopped = true;
      waiting.clear();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}
