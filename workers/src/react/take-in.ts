import { equalBytes, LedgerError } from "@eventchain/core";
import type { AnyReaction, Ledger, LedgerEvent } from "@eventchain/ledger";
import type { NewReactionTask, ReactionStore, ReactionSurvey } from "@eventchain/store";
import { findTasks } from "./find-tasks.ts";

/** Events that one look takes in, at most: what else is due has its turn in between. */
const INTAKE_EVENTS = 1_000;

export interface TakeInDeps {
  readonly ledgerId: bigint;
  readonly ledger: Pick<Ledger, "readAll">;
  readonly reactions: Pick<ReactionStore, "takeIn">;
}

/**
 * Takes in what a reaction has not seen, up to `INTAKE_EVENTS` of its events; gives whether there may be more.
 *
 * 1. The cursor moves past the events, and their tasks are there: one commit, made only where the cursor still stands
 *    where it was read. A restart before it reads the same events again, one after it goes on behind them; of several
 *    that read the same, one commits.
 *
 * Errors: LedgerError `forked` where the event at the cursor is not the one that was taken in; those of the database.
 */
export async function takeIn(deps: TakeInDeps, reaction: AnyReaction, survey: ReactionSurvey): Promise<boolean> {
  const { name } = reaction;
  const { position, hash, bound } = survey;
  if (isForked(survey))
    throw new LedgerError(
      "forked",
      `reaction ${name} stands at position ${position}, where another event stands now: this database is not the one that it reacted on`,
      { values: { reaction: name, position } },
    );
  if (position >= bound) return false;
  const tasks: NewReactionTask[] = [];
  let seen = 0;
  let to = bound;
  for await (const event of readNext(deps.ledger, reaction, survey)) {
    seen += 1;
    if (seen === INTAKE_EVENTS) to = event.position;
    tasks.push(...findTasks(reaction, event));
  }
  const isOrdered = reaction.order === "stream";
  await deps.reactions.takeIn(deps.ledgerId, { reaction: name, from: { position, hash }, to, tasks, isOrdered });
  return to < bound;
}

/** Whether another event stands at the cursor than the one that was taken in. */
export function isForked({ hash, foundHash }: Pick<ReactionSurvey, "hash" | "foundHash">): boolean {
  return foundHash === null || !equalBytes(hash, foundHash);
}

function readNext(
  ledger: Pick<Ledger, "readAll">,
  reaction: AnyReaction,
  { position, bound }: ReactionSurvey,
): AsyncIterable<LedgerEvent> {
  const range = { after: position, to: bound, limit: INTAKE_EVENTS };
  if (reaction.handlers.has("any")) return ledger.readAll({ ...range, query: "all" });
  return ledger.readAll({ ...range, filter: { types: reaction.events.map(({ type }) => type) } });
}
