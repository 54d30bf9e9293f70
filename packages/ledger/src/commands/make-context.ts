import { checkName, LedgerError, normaliseTags } from "@eventchain/core";
import { checkKeys } from "../check-keys.ts";
import type { AnyEventDefinition } from "../events/types.ts";
import type { Context } from "./types.ts";

/** One alternative of a context: conditions joined by AND, at least one, and no empty list. */
export interface ContextItem {
  /** Any of these. Default: those that the context's model handles. */
  readonly types?: readonly AnyEventDefinition[] | undefined;
  /** All of these. */
  readonly tags?: readonly string[] | undefined;
}

/** One stream as a whole. Errors: LedgerError `invalid-name`. */
export function stream(name: string): Context {
  checkName("stream", name);
  return streamContext(name);
}

/**
 * The events that meet at least one item. Errors: LedgerError `invalid-name` for a tag; `invalid-argument` for an item
 * without a condition or with an empty list, which is never read as "any".
 */
export function query(items: ContextItem | readonly ContextItem[]): Context {
  const list = isList(items) ? items : [items];
  return queryContext(list, typeOfDefinition);
}

/** What was checked here once. */
const made = new WeakSet<object>();

/**
 * A context that an app gave, also where it was not made by `stream` or `query`, whose types are names then.
 * Errors: LedgerError `invalid-name`, `invalid-argument`.
 * @param options `system`: it may be one of the ledger's own streams.
 */
export function checkContext(value: unknown, options: { system?: boolean } = {}): Context {
  if (typeof value !== "object" || value === null || !("kind" in value)) throw noContext();
  if (made.has(value)) return value as Context;
  if (value.kind === "stream" && "stream" in value) {
    checkName("stream", value.stream as string, options);
    return streamContext(value.stream as string);
  }
  if (value.kind === "query" && "items" in value && Array.isArray(value.items))
    return queryContext(value.items, typeOfName);
  throw noContext();
}

function noContext(): LedgerError {
  return new LedgerError("invalid-argument", "it is no context: give stream(…) or query(…)");
}

function streamContext(name: string): Context {
  return remember({ kind: "stream", stream: name });
}

function queryContext(items: readonly ContextItem[], typeOf: (type: unknown) => string): Context {
  if (items.length === 0) throw new LedgerError("invalid-argument", "query was given no item: give at least one");
  return remember({ kind: "query", items: Object.freeze(items.map((item) => checkItem(item, typeOf))) });
}

function remember(context: Context): Context {
  made.add(Object.freeze(context));
  return context;
}

function isList(items: ContextItem | readonly ContextItem[]): items is readonly ContextItem[] {
  return Array.isArray(items);
}

function checkItem(
  item: ContextItem,
  typeOf: (type: unknown) => string,
): { types?: readonly string[]; tags?: readonly string[] } {
  checkKeys(item, ["types", "tags"], "query item");
  const { types, tags } = item;
  if (types === undefined && tags === undefined)
    throw new LedgerError("invalid-argument", "query item has no condition: give types, tags or both");
  for (const [key, list] of Object.entries({ types, tags })) {
    if (list !== undefined && (!Array.isArray(list) || list.length === 0))
      throw new LedgerError("invalid-argument", `${key} of a query item is not a list of at least one`, {
        values: { key },
      });
  }
  return {
    ...(types === undefined ? {} : { types: [...new Set(types.map(typeOf))] }),
    ...(tags === undefined ? {} : { tags: normaliseTags([...new Set(tags)]) }),
  };
}

function typeOfName(name: unknown): string {
  checkName("type", name as string, { system: true });
  return name as string;
}

function typeOfDefinition(definition: unknown): string {
  if (typeof definition === "function" && "kind" in definition && definition.kind === "event")
    return (definition as AnyEventDefinition).type;
  throw new LedgerError("invalid-argument", "types of a query item takes event definitions, as defineEvent makes them");
}
