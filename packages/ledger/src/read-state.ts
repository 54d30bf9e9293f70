import { checkName, LedgerError } from "@eventchain/core";
import { within } from "./check-keys.ts";
import { contextQuery } from "./commands/context-query.ts";
import { checkContext } from "./commands/make-context.ts";
import type { Context } from "./commands/types.ts";
import { foldEvents } from "./models/fold-events.ts";
import type { Model } from "./models/types.ts";
import type { ReadDeps } from "./read-events.ts";

/**
 * A model's state over the events of a context that may be seen: as of some position that was the head while it was read.
 * @param context a text names a stream.
 * Errors: LedgerError `invalid-argument`, `invalid-name`, `upcast-failed`, `unknown-event`, `decision-failed` of a model's handler.
 */
export async function readState<State>(
  { store, ledgerId, scope }: ReadDeps<"readStream" | "readAll">,
  model: Model<State>,
  context: string | Context,
): Promise<State> {
  if (typeof model !== "object" || model === null || model.kind !== "model")
    throw new LedgerError("invalid-argument", "state takes a model, as defineModel makes it, and where its events are");
  const where = contextOf(context);
  if (where.kind === "stream")
    return foldEvents(model, model.initial(), store.readStream(ledgerId, where.stream, scope));
  const events = store.readAll(ledgerId, { query: contextQuery(where, model), ...scope });
  return foldEvents(model, model.initial(), events);
}

function contextOf(context: string | Context): Context {
  if (typeof context !== "string")
    return within("state takes a stream's name or a context", {}, () => checkContext(context, { system: true }));
  checkName("stream", context, { system: true });
  return { kind: "stream", stream: context };
}
