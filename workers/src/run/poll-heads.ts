import type { LogStore } from "@eventchain/store";
import type { Troubles } from "./logger.ts";

/** The pause between two looks for appended events: short after some were found that can be sealed, then longer. */
const MIN_PAUSE_MS = 25;
const MAX_PAUSE_MS = 500;
const GROWTH = 1.5;

export interface PollInput {
  log: Pick<LogStore, "dueToSeal">;
  troubles: Troubles;
  /** Told of each ledger with events that are not sealed. False where it is left alone for now. */
  onDue(ledgerId: bigint): Promise<boolean>;
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
        let isAtWork = false;
        for (const ledgerId of due) isAtWork = (await input.onDue(ledgerId)) || isAtWork;
        // A ledger in trouble stays due: it must not keep the others' looks short for as long as that lasts.
        pauseMs = isAtWork ? MIN_PAUSE_MS : Math.min(pauseMs * GROWTH, MAX_PAUSE_MS);
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
