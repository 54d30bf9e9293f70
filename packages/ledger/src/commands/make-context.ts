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
  return { kind: "stream", stream: name };
}

/**
 * The events that meet at least one item. Errors: LedgerError `invalid-name` for a tag; `invalid-argument` for an item
 * without a condition or with an empty list, which is never read as "any".
 */
export function query(items: ContextItem | readonly ContextItem[]): Context {
  const list = isList(items) ? items : [items];
  if (list.length === 0) throw new LedgerError("invalid-argument", "query was given no item: give at least one");
  return { kind: "query", items: list.map(checkItem) };
}

function isList(items: ContextItem | readonly ContextItem[]): items is readonly ContextItem[] {
  return Array.isArray(items);
}

function checkItem(item: ContextItem): { types?: readonly string[]; tags?: readonly string[] } {
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

function typeOf(definition: AnyEventDefinition): string {
  if (typeof definition === "function" && definition.kind === "event") return definition.type;
  throw new LedgerError("invalid-argument", "types of a query item takes event definitions, as defineEvent makes them");
}
