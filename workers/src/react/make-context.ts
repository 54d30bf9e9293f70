import { LedgerError } from "@eventchain/core";
import type { AnyReaction, JsonObject, Ledger, ReactionContext } from "@eventchain/ledger";
import { commandIdOf, idempotencyKeyOf, type RunKey } from "./derive-ids.ts";

export interface ContextInput {
  readonly ledger: Ledger;
  readonly reaction: AnyReaction;
  /** The handler's name. */
  readonly handler: string;
  readonly event: { readonly id: string; readonly metadata: JsonObject | null };
  readonly attempt: number;
  readonly state: unknown;
  /** Aborted once the run's time is over: what it does from then on counts no more. */
  readonly signal: AbortSignal;
}

type Execute = ReactionContext["execute"];

/** What a run is given beside its event. */
export function makeContext(input: ContextInput): ReactionContext<unknown> {
  const { ledger, reaction, handler, event, attempt, state, signal } = input;
  const run: RunKey = { origin: ledger.origin, reaction: reaction.name, eventId: event.id, handler };
  let count = 0;

  const execute: Execute = async (command, input, options = {}) => {
    const { key, actor = `reaction:${reaction.name}`, signal: own, ...rest } = options;
    for (const given of ["commandId", "causationId"])
      if (given in rest)
        throw new LedgerError(
          "invalid-argument",
          `a reaction's command is given no ${given}: it follows from the event`,
        );
    if (key !== undefined && (typeof key !== "string" || key === ""))
      throw new LedgerError("invalid-argument", "the key of a reaction's command is a text of at least one character");
    const commandId = commandIdOf(run, key === undefined ? { count: count++ } : { key });
    if (signal.aborted)
      throw new LedgerError("aborted", `this run of reaction ${reaction.name} is over: it issues no command any more`);
    return ledger.execute(command, input, {
      correlationId: correlationOf(event),
      ...rest,
      actor,
      commandId,
      causationId: event.id,
      signal: own === undefined ? signal : AbortSignal.any([signal, own]),
    });
  };

  return { idempotencyKey: idempotencyKeyOf(run), attempt, state, execute, ledger, signal };
}

function correlationOf({ id, metadata }: ContextInput["event"]): string {
  const given = metadata?.correlationId;
  return typeof given === "string" && given !== "" ? given : id;
}
