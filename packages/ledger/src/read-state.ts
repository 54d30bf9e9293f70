import { checkName } from "@eventchain/core";
import { contextQuery } from "./commands/context-query.ts";
import type { Context } from "./commands/types.ts";
import { foldEvents } from "./models/fold-events.ts";
import type { Model } from "./models/types.ts";
import type { ReadDeps } from "./read-events.ts";

/**
 * A model's state over the events of a context that may be seen: as of some position that was the head while it was read.
 * @param context a text names a stream.
 * Errors: LedgerError `upcast-failed`, `unknown-event`, `decision-failed` of a model's handler.
 */
export async function readState<State>(
  { store, ledgerId, scope }: ReadDeps<"readStream" | "readAll">,
  model: Model<State>,
  context: string | Context,
): Promise<State> {
  if (typeof context !== "string" && context.kind === "query") {
    const events = store.readAll(ledgerId, { query: contextQuery(context, model), ...scope });
    return foldEvents(model, model.initial(), events);
  }
  const name = typeof context === "string" ? context : context.stream;
  checkName("stream", name, { system: true });
  return foldEvents(model, model.initial(), store.readStream(ledgerId, name, scope));
}
