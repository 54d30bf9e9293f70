import { LedgerError } from "@eventchain/core";
import { type AnyReaction, isGivenUp, type Ledger, type LedgerEvent, type ProjectedEvent } from "@eventchain/ledger";
import type { LeasedTask, ReactionStore } from "@eventchain/store";
import { errorValues, type Logger } from "../run/logger.ts";
import { findWanted, seenBy } from "./find-tasks.ts";
import { makeContext } from "./make-context.ts";
import { askedDelayMs, retryDelayMs } from "./retry-delay.ts";
import { type RunEnd, runWithin } from "./run-within.ts";

/** A lease is so much longer than the run may take: for reading the event, and for storing how it ended. */
export const LEASE_MARGIN_MS = 10_000;

/** The most characters of a failure that are kept. */
const MAX_ERROR_LENGTH = 1_000;

export interface RunTaskDeps {
  readonly ledgerId: bigint;
  readonly ledger: Ledger;
  readonly reactions: Pick<ReactionStore, "finish" | "putOff" | "bury">;
  readonly logger: Logger;
  /** Aborted once the worker stops. */
  readonly signal: AbortSignal;
  /** 0 up to 1, 1 excluded. */
  readonly random: () => number;
}

/** What the application's code did, or that there is nothing for it to do yet. */
type Outcome = RunEnd | { readonly kind: "early"; readonly dueAtMicros: bigint };

/**
 * Runs a task that is leased to this process, to its end. Never throws: where the database does not take how it ended, the
 * lease runs out, and the task is run again.
 *
 * 1. Leased: the task counts one attempt more (done by who took it).
 * 2. The application's code runs: its commands are recorded, each under an id that is the same in every run; its calls
 *    outside carry a key that is.
 * 3. The task is gone; or it waits for its next attempt; or it is dead.
 * A restart after 1 or 2 makes the run again once the lease is over: each command gives the receipt of the first run.
 */
export async function runTask(deps: RunTaskDeps, reaction: AnyReaction, task: LeasedTask): Promise<void> {
  try {
    await settle(deps, reaction, task, await attempt(deps, reaction, task));
  } catch (error) {
    deps.logger("warn", "reaction-unsettled", { ...describe(deps, task), ...errorValues(error) });
  }
}

async function attempt(deps: RunTaskDeps, reaction: AnyReaction, task: LeasedTask): Promise<Outcome> {
  const { timeoutMs, retry } = reaction;
  if (task.attempt > retry.attempts) {
    const problem = `run ${task.attempt - 1} of ${retry.attempts} ended with its worker: no attempt is left`;
    return { kind: "failed", error: new LedgerError("reaction-failed", problem, { retryable: false }) };
  }
  let early: Outcome | undefined;
  const end = await runWithin({ timeoutMs, stop: deps.signal }, async (signal) => {
    const dueAtMicros = await runHandler(deps, reaction, task, signal);
    if (dueAtMicros !== undefined) early = { kind: "early", dueAtMicros };
  });
  return end.kind === "done" && early !== undefined ? early : end;
}

/** Gives when the task is due, where that is still to come. */
async function runHandler(
  { ledger }: RunTaskDeps,
  reaction: AnyReaction,
  task: LeasedTask,
  signal: AbortSignal,
): Promise<bigint | undefined> {
  const handler = reaction.handlers.get(task.handler);
  if (handler === undefined)
    throw new LedgerError("reaction-failed", `this app's reaction ${reaction.name} has no handler ${task.handler}`, {
      values: { reaction: reaction.name, handler: task.handler },
      retryable: true,
    });
  const stored = await readEvent(ledger, task.position);
  if (!task.isChecked) {
    const wanted = findWanted(reaction, handler, stored);
    if (wanted.kind === "none") return undefined;
    if (wanted.dueAtMicros !== null && wanted.dueAtMicros > task.takenAtMicros) return wanted.dueAtMicros;
  }
  const event = seenBy(handler, stored);
  // Erased since it was taken in.
  if (event === undefined) return undefined;
  const asOf = handler.timeout === null ? task.position : undefined;
  const state = await readState(ledger, reaction, event as ProjectedEvent, asOf);
  // Nothing is done before it: what is given back here is run by whoever takes it next.
  signal.throwIfAborted();
  const { attempt } = task;
  await handler.run(event, makeContext({ ledger, reaction, handler: task.handler, event, attempt, state, signal }));
  return undefined;
}

async function readEvent(ledger: Ledger, position: bigint): Promise<LedgerEvent> {
  for await (const event of ledger.readAll({ after: position - 1n, to: position })) return event;
  throw new LedgerError("not-found", `there is no event at position ${position}`, { values: { position } });
}

async function readState(
  ledger: Ledger,
  { model, context }: AnyReaction,
  event: ProjectedEvent,
  position: bigint | undefined,
): Promise<unknown> {
  if (model === undefined) return undefined;
  const where = context === undefined ? event.stream : context(event);
  return ledger.state(model, where, position === undefined ? {} : { at: { position } });
}

async function settle(deps: RunTaskDeps, reaction: AnyReaction, task: LeasedTask, outcome: Outcome): Promise<void> {
  const { reactions, ledgerId, logger, random } = deps;
  switch (outcome.kind) {
    case "done":
      await reactions.finish(ledgerId, task);
      return;
    case "early":
      await reactions.putOff(ledgerId, task, { due: { atMicros: outcome.dueAtMicros }, counts: false });
      return;
    case "stopped":
      await reactions.putOff(ledgerId, task, { due: { afterMs: 0 }, counts: false });
      return;
    case "failed": {
      const error = messageOf(outcome.error);
      const said = { ...describe(deps, task), error };
      if (isGivenUp(outcome.error) || task.attempt >= reaction.retry.attempts) {
        if (await reactions.bury(ledgerId, task, error)) logger("error", "reaction-dead-letter", said);
        return;
      }
      const { retry } = reaction;
      const afterMs = Math.max(retryDelayMs(retry, task.attempt, random()), askedDelayMs(retry, outcome.error));
      if (await reactions.putOff(ledgerId, task, { due: { afterMs }, error, counts: true }))
        logger("warn", "reaction-run-failed", { ...said, againInMs: afterMs });
    }
  }
}

function describe(
  { ledger }: RunTaskDeps,
  { reaction, position, handler, attempt }: LeasedTask,
): Record<string, unknown> {
  return { origin: ledger.origin, reaction, position, handler, attempt };
}

/** What Postgres can keep of an error's message. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll("\0", "").slice(0, MAX_ERROR_LENGTH).toWellFormed();
}
