import type { EventFilter, EventQuery, QueryItem, ReadAllOptions } from "../port.ts";
import { checkQuery, intersectQueries, MAX_QUERY_ITEMS } from "../query.ts";

/** What the database's `passes` takes: all of it must hold, whichever item is met. */
interface Checks {
  /** Not the ledger's own events. */
  own?: false;
  actor?: string;
  ip?: string;
  correlationId?: string;
  causationIds?: readonly string[];
  access?: readonly QueryItem[];
}

/** What the database's `find_positions` takes; without items every event is a candidate. */
export interface Search {
  items?: readonly QueryItem[];
  checks?: Checks;
}

/** A name that Postgres cannot hold is one that no event has. */
export function isStorable(name: string): boolean {
  return !name.includes("\0") && name.isWellFormed();
}

/** Each name once, without those that no event can have. */
function namesOf(names: readonly string[] | undefined): readonly string[] | undefined {
  return names === undefined ? undefined : [...new Set(names)].filter(isStorable);
}

/** An item as the database takes it; none where no event can meet it. */
function itemOf(item: QueryItem): QueryItem[] {
  const streams = namesOf(item.streams);
  const types = namesOf(item.types);
  if (streams?.length === 0 || types?.length === 0 || item.tags?.every(isStorable) === false) return [];
  return [
    {
      ...(streams === undefined ? {} : { streams }),
      ...(types === undefined ? {} : { types }),
      ...(item.tags === undefined ? {} : { tags: [...new Set(item.tags)] }),
    },
  ];
}

/** A query's items; undefined for one that sets no condition by items. Errors: `invalid-argument`, `too-large`. */
export function itemsOf(query: EventQuery | undefined): readonly QueryItem[] | undefined {
  if (query === undefined) return undefined;
  checkQuery(query);
  return query === "all" ? undefined : query.flatMap(itemOf);
}

function filterItems({ streams, types, tags }: EventFilter): readonly QueryItem[] | undefined {
  const wanted = tags?.length === 0 ? undefined : tags;
  if (streams === undefined && types === undefined && wanted === undefined) return undefined;
  return itemOf({
    ...(streams === undefined ? {} : { streams }),
    ...(types === undefined ? {} : { types }),
    ...(wanted === undefined ? {} : { tags: wanted }),
  });
}

/** The texts of metadata that a filter asks for; undefined where no event can have them. */
function metadataChecks({ actor, ip, correlationId, causationIds }: EventFilter): Checks | undefined {
  const causes = namesOf(causationIds);
  if (causes?.length === 0) return undefined;
  if (![actor, ip, correlationId].every((text) => text === undefined || isStorable(text))) return undefined;
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(ip === undefined ? {} : { ip }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causes === undefined ? {} : { causationIds: causes }),
  };
}

/**
 * The search for events that meet the query, the filter (but for its times) and the access; undefined where no event
 * can. The lists of items are multiplied into one that an index drives; where that would be too long, the access is
 * checked event by event. Errors: LedgerError `invalid-argument`, `too-large` for what is no query.
 */
export function searchOf({
  query,
  filter = {},
  access,
}: Pick<ReadAllOptions, "query" | "filter" | "access">): Search | undefined {
  const queried = itemsOf(query);
  const allowed = itemsOf(access);
  const filtered = filterItems(filter);
  const texts = metadataChecks(filter);
  if (texts === undefined) return undefined;
  const checks: Checks = query === "all" ? { ...texts, own: false } : texts;
  let items = queried === undefined || filtered === undefined ? (queried ?? filtered) : intersect(queried, filtered);
  if (items !== undefined && allowed !== undefined && items.length * allowed.length > MAX_QUERY_ITEMS) {
    checks.access = allowed;
  } else if (allowed !== undefined) {
    items = items === undefined ? allowed : intersect(items, allowed);
  }
  if (items?.length === 0) return undefined;
  return {
    ...(items === undefined ? {} : { items }),
    ...(Object.keys(checks).length === 0 ? {} : { checks }),
  };
}

function intersect(left: readonly QueryItem[], right: readonly QueryItem[]): readonly QueryItem[] {
  const both = intersectQueries(left, right);
  if (both === "all") throw new Error("two lists of items intersect to a list");
  return both;
}

/** Whether a search asks for every event, or every one but the ledger's own (`own` is false then). */
export function isWhole({ items, checks = {} }: Search): boolean {
  return items === undefined && Object.keys(checks).every((key) => key === "own");
}

/** Names in a search beyond which it is wide. */
const narrowNames = 16;

/** Whether a search takes many looks into indexes: one for each stream or type that an item names, one at least. */
export function isWide({ items = [], checks = {} }: Search): boolean {
  const names = items.map(({ streams = [], types = [] }) => Math.max(1, streams.length, types.length));
  return names.reduce((sum, count) => sum + count, checks.causationIds?.length ?? 0) > narrowNames;
}
