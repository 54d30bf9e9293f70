import { LedgerError } from "@eventchain/core";
import type { EventQuery, QueryItem, StoredEvent } from "./port.ts";

/** The most items that a query may have. */
export const MAX_QUERY_ITEMS = 1024;

const ITEM_KEYS = ["streams", "types", "tags"] as const;

/**
 * Refuses a query that is none: LedgerError `invalid-argument`. An empty list is refused rather than read as "any": a
 * caller who maps nothing to tags must not be given everything.
 */
export function checkQuery(query: EventQuery): void {
  if (query === "all") return;
  if (!Array.isArray(query)) throw malformed('a query is "all" or a list of items');
  if (query.length > MAX_QUERY_ITEMS)
    throw new LedgerError("too-large", `a query has at most ${MAX_QUERY_ITEMS} items, not ${query.length}`, {
      values: { items: query.length },
    });
  for (const [index, item] of query.entries()) checkItem(item, index);
}

/** How many streams, types and tags a query names, one by one, whether or not it is sound. "all" counts as one. */
export function countNames(query: EventQuery): number {
  if (query === "all") return 1;
  let names = 0;
  for (const item of query) for (const key of ITEM_KEYS) names += item?.[key]?.length ?? 0;
  return names;
}

function checkItem(item: QueryItem, index: number): void {
  if (typeof item !== "object" || item === null) throw malformed(`item ${index} of the query is no object`);
  const keys = Object.keys(item).filter((key) => item[key as keyof QueryItem] !== undefined);
  const unknown = keys.find((key) => !(ITEM_KEYS as readonly string[]).includes(key));
  if (unknown !== undefined)
    throw malformed(`item ${index} of the query has an unknown key ${JSON.stringify(unknown)}`);
  if (keys.length === 0)
    throw malformed(`item ${index} of the query has no condition: give streams, types or tags, or the query "all"`);
  for (const key of ITEM_KEYS) {
    const names: unknown = item[key];
    if (names === undefined) continue;
    if (!Array.isArray(names) || names.length === 0 || !names.every((name) => typeof name === "string"))
      throw malformed(`${key} in item ${index} of the query is not a list of at least one text`);
  }
}

function malformed(message: string): LedgerError {
  return new LedgerError("invalid-argument", message);
}

/** Whether an event meets a query. */
export function matchesQuery(
  query: EventQuery,
  event: Pick<StoredEvent, "stream" | "type"> & { readonly tags: readonly string[] },
): boolean {
  if (query === "all") return !event.type.startsWith("$");
  return query.some(
    ({ streams, types, tags }) =>
      streams?.includes(event.stream) !== false &&
      types?.includes(event.type) !== false &&
      tags?.every((tag) => event.tags.includes(tag)) !== false,
  );
}

/**
 * The query that an event meets if it meets both. "all" takes nothing from an item: one that names the ledger's own
 * streams or types goes on meeting them. Errors: LedgerError `too-large` where it takes more than `MAX_QUERY_ITEMS`.
 */
export function intersectQueries(left: EventQuery, right: EventQuery): EventQuery {
  if (left === "all") return right;
  if (right === "all") return left;
  const items = left.flatMap((one) => right.flatMap((other) => intersectItems(one, other)));
  checkQuery(items);
  return items;
}

function intersectItems(one: QueryItem, other: QueryItem): QueryItem[] {
  const streams = intersectNames(one.streams, other.streams);
  const types = intersectNames(one.types, other.types);
  if (streams?.length === 0 || types?.length === 0) return [];
  const tags = one.tags === undefined && other.tags === undefined ? undefined : unionOf(one.tags, other.tags);
  return [
    {
      ...(streams === undefined ? {} : { streams }),
      ...(types === undefined ? {} : { types }),
      ...(tags === undefined ? {} : { tags }),
    },
  ];
}

function intersectNames(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): readonly string[] | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.filter((name) => other.includes(name));
}

function unionOf(one: readonly string[] = [], other: readonly string[] = []): readonly string[] {
  return [...new Set([...one, ...other])];
}
