import type { EventQuery, QueryItem } from "@eventchain/store";
import type { AnyModel } from "../models/types.ts";
import type { Context } from "./types.ts";

/** The stream that events without one go to: the command's context, if that is one stream and nothing else. */
export function onlyStream(contexts: ReadonlyMap<string, Context>): string | undefined {
  const [context] = contexts.values();
  return contexts.size === 1 && context?.kind === "stream" ? context.stream : undefined;
}

/**
 * The query that a context stands for. A stream is asked for as a whole; an item without types asks for those that its
 * model handles, or for all of them where the model fails at what it does not know.
 */
export function contextQuery(
  context: Context,
  model: Pick<AnyModel, "events" | "unknown">,
): Exclude<EventQuery, "all"> {
  if (context.kind === "stream") return [{ streams: [context.stream] }];
  const handled = model.events.map(({ type }) => type);
  return context.items.flatMap((item): QueryItem[] => {
    if (item.types !== undefined || model.unknown === "fail") return [{ ...item }];
    // A model that handles nothing depends on nothing.
    return handled.length === 0 ? [] : [{ ...item, types: handled }];
  });
}
