import { LedgerError } from "@eventchain/core";
import type { ReactionStore } from "@eventchain/store";
import { checkKeys } from "../check-keys.ts";
import type { DeadTaskOptions, ReactionStatus, ReactionTask, ReactionTasksOptions } from "./types.ts";

export interface ReactionDeps {
  readonly ledgerId: bigint;
  readonly origin: string;
  readonly handlers: {
    /** Undefined where nothing runs reactions: in memory. */
    readonly reactions: Pick<ReactionStore, "status" | "tasks" | "retry" | "drop"> | undefined;
  };
}

/** Tasks that are read by one statement. */
const PAGE_SIZE = 500;

const STATES: readonly ReactionTask["state"][] = ["waiting", "running", "dead"];

/** Every reaction that ever began on the ledger, by name. */
export async function listReactions(deps: ReactionDeps): Promise<ReactionStatus[]> {
  const rows = await storeOf(deps).status(deps.ledgerId);
  return rows.map(({ isForked, ...row }) => ({ ...row, reason: isForked ? forkedReason(row.position) : null }));
}

/** Why a reaction stopped. */
export function forkedReason(position: bigint): string {
  return `forked: another event stands at position ${position} than the one that it reacted on`;
}

/** The runs that have not come to their end, by reaction, position and handler; what ends meanwhile may be among them. */
export function listTasks(deps: ReactionDeps, options: ReactionTasksOptions = {}): AsyncIterable<ReactionTask> {
  checkKeys(options, ["reaction", "state", "limit"], "reaction task options");
  const { reaction, state, limit = Number.POSITIVE_INFINITY } = options;
  if (reaction !== undefined) checkText("reaction", reaction);
  if (state !== undefined && !STATES.includes(state))
    throw invalid(`state is ${JSON.stringify(state)}: give one of ${STATES.join(", ")}`, { state });
  if (options.limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0))
    throw invalid(`limit is ${String(limit)}: give an integer from 0`, { limit: String(limit) });
  const store = storeOf(deps);
  return pages((after, size) => store.tasks(deps.ledgerId, { reaction, state, after, limit: size }), limit);
}

async function* pages(
  fetch: (after: ReactionTask | undefined, size: number) => Promise<ReactionTask[]>,
  limit: number,
): AsyncGenerator<ReactionTask, void, undefined> {
  let last: ReactionTask | undefined;
  for (let left = limit; left > 0; ) {
    const size = Math.min(left, PAGE_SIZE);
    const page = await fetch(last, size);
    yield* page;
    left -= page.length;
    last = page.at(-1);
    if (page.length < size) return;
  }
}

/** Lets dead tasks be run again; gives how many. */
export async function retryReaction(deps: ReactionDeps, which: DeadTaskOptions): Promise<number> {
  return change(deps, "retry", checkWhich(which));
}

/** Gives a dead task up for good; gives how many handlers' tasks that were. */
export async function dropReactionTask(deps: ReactionDeps, which: DeadTaskOptions): Promise<number> {
  const checked = checkWhich(which);
  if (checked.position === undefined) throw invalid("which task to drop takes the position of its event");
  return change(deps, "drop", checked);
}

async function change(deps: ReactionDeps, verb: "retry" | "drop", which: DeadTaskOptions): Promise<number> {
  const { ledgerId, origin } = deps;
  const store = storeOf(deps);
  const count = await store[verb](ledgerId, which);
  if (count > 0) return count;
  const names = (await store.status(ledgerId)).map(({ name }) => name);
  if (names.includes(which.reaction)) return 0;
  const others = names.length === 0 ? "none ever began" : `those that began are ${names.slice(0, 10).join(", ")}`;
  throw new LedgerError("not-found", `ledger ${origin} has no reaction ${which.reaction}: ${others}`, {
    values: { reaction: which.reaction },
  });
}

function checkWhich(which: DeadTaskOptions): DeadTaskOptions {
  checkKeys(which, ["reaction", "position", "handler"], "which dead tasks");
  const { reaction, position, handler } = which;
  checkText("reaction", reaction);
  if (handler !== undefined) checkText("handler", handler);
  if (position === undefined) return { reaction, handler };
  const isInteger = typeof position === "bigint" || Number.isSafeInteger(position);
  if (!isInteger || position < 1)
    throw invalid(`position is ${String(position)}: give an integer from 1`, { position: String(position) });
  return { reaction, position: BigInt(position), handler };
}

function storeOf({ handlers }: ReactionDeps): NonNullable<ReactionDeps["handlers"]["reactions"]> {
  if (handlers.reactions !== undefined) return handlers.reactions;
  throw new LedgerError("not-supported", "a memory ledger runs no reactions: open a ledger of a database for that");
}

function checkText(key: string, value: unknown): void {
  if (typeof value !== "string" || value === "" || value.includes("\0"))
    throw invalid(`${key} is not a text of at least one character`, { key });
}

function invalid(message: string, values: Readonly<Record<string, unknown>> = {}): LedgerError {
  return new LedgerError("invalid-argument", message, { values });
}
