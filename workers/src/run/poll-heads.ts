import type { LogStore } from "@eventchain/store";
import type { Troubles } from "./logger.ts";

/** The pause between two looks for appended events: short after some were found, then longer. */
const MIN_PAUSE_MS = 25;
const MAX_PAUSE_MS = 500;
const GROWTH = 1.5;

export interface PollInput {
  log: Pick<LogStore, "dueToSeal">;
  troubles: Troubles;
  /** Told of each ledger with events that are not sealed. */
  onDue(ledgerId: bigint): Promise<void>;
}

/**
 * Looks for appended events, since appends tell nobody: a NOTIFY in each would serialise the commits of the whole
 * server. One statement for all ledgers.
 */
export function pollHeads(input: PollInput): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let wake: () => void = () => undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, ms);
    });
  const poll = async (): Promise<void> => {
    for (let pauseMs = MIN_PAUSE_MS; !stopped; ) {
      try {
        const due = await input.log.dueToSeal();
        for (const ledgerId of due) await input.onDue(ledgerId);
        pauseMs = due.length > 0 ? MIN_PAUSE_MS : Math.min(pauseMs * GROWTH, MAX_PAUSE_MS);
        input.troubles.over("poll", "database-back");
      } catch (error) {
        input.troubles.note("poll", "database-failed", error);
        pauseMs = MAX_PAUSE_MS;
      }
      if (!stopped) await pause(pauseMs);
    }
  };
  const done = poll();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      wake();
      return done;
    },
  };
}
