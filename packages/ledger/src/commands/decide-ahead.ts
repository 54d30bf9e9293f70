import { aborted } from "../watch-value.ts";
import { type Draft, type DraftDeps, draftChain, keysOf } from "./draft-chain.ts";
import type { ModelView } from "./model-views.ts";
import type { Turn } from "./open-lanes.ts";
import type { CommandJob } from "./run-batch.ts";

/** The chain that is decided while the one before it is on its way. */
export interface Ahead<Job extends CommandJob> {
  readonly draft: Draft<Job>;
  /** Takes what is waiting, as far as it can be decided ahead. */
  decide(): void;
  /** From now on what comes is left waiting. */
  stop(): void;
}

/**
 * Decides what comes for a lane on top of a chain that is about to be sent, on the views that the chain covers: where it
 * is recorded as it was decided, these hold at its last event, and the conditions of what is decided here look from there.
 * The other views are taken out that do not hold by then.
 *
 * Nothing is decided ahead where somebody else is known to write, or on a state that has asked when an event was recorded
 * that is not recorded yet.
 */
export function decideAhead<Job extends CommandJob>(
  deps: DraftDeps,
  before: Draft<Job>,
  views: Map<string, ModelView>,
  turn: Turn<Job>,
): Ahead<Job> {
  const ground = new Set<string>();
  for (const view of views.values()) {
    const isCovered = before.covered.has(view.key);
    if (view.failure !== undefined || view.guessed || (view.ahead && !isCovered)) views.delete(view.key);
    else if (isCovered) ground.add(view.key);
    view.ahead = false;
  }
  const draft = draftChain<Job>(deps, views);
  let isOpen = ground.size > 0 && !before.entries.some(({ job }) => job.overtaken);

  function stands(job: Job): boolean {
    try {
      return !job.overtaken && keysOf(job).every((key) => ground.has(key)) && draft.addAhead(job);
    } catch {
      // The clock's or the generator's: whoever decides it next is told.
      return false;
    }
  }

  function decide(): void {
    if (!isOpen) return;
    const jobs = turn.take();
    for (const [index, job] of jobs.entries()) {
      if (rejectIfAborted(job) || stands(job)) continue;
      isOpen = false;
      turn.giveBack(jobs.slice(index));
      return;
    }
  }

  turn.onJobs = decide;
  // What is on its way gets its chance to be sent first.
  if (isOpen) setImmediate(decide);
  return {
    draft,
    decide,
    stop() {
      isOpen = false;
      turn.onJobs = undefined;
    },
  };
}

export function rejectIfAborted({ execution: { signal }, reject }: CommandJob): boolean {
  if (signal?.aborted !== true) return false;
  reject(aborted("the command", signal.reason));
  return true;
}
