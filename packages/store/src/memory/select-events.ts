import type { EventFilter, EventQuery, QueryItem, StoredEvent } from "../port.ts";
import { matchesQuery } from "../query.ts";
import { eventAt, type MemoryLedger, type MetadataFacts } from "./memory-ledger.ts";

/** Which events: those that meet every query and the filter, from position `first` to `last`, both inclusive. */
export interface Selection {
  queries: readonly EventQuery[];
  filter: EventFilter;
  first: bigint;
  last: bigint;
  backwards: boolean;
}

/** Lists of positions, each in order, that together hold whatever may be met. */
type Source = readonly (readonly number[])[];

/** The events of a selection in order, one at a time. Costs what the shortest lists of positions that lead there have. */
export function* selectEvents(ledger: MemoryLedger, selection: Selection): Generator<StoredEvent, void, undefined> {
  const head = BigInt(ledger.events.length);
  const first = Number(selection.first < 1n ? 1n : selection.first > head ? head + 1n : selection.first);
  const last = Number(selection.last > head ? head : selection.last);
  if (first > last) return;
  const { queries, filter, backwards } = selection;
  for (const position of walk(findSource(ledger, queries, filter), first, last, backwards)) {
    const event = eventAt(ledger, position);
    const facts = ledger.facts[position - 1];
    if (facts === undefined || !meetsFilter(filter, event, facts)) continue;
    if (queries.every((query) => matchesQuery(query, event))) yield event;
  }
}

/** The positions of a source, or all, in a range: merged, each once. */
function* walk(source: Source | undefined, first: number, last: number, backwards: boolean): Iterable<number> {
  if (source === undefined) {
    if (backwards) for (let position = last; position >= first; position -= 1) yield position;
    else for (let position = first; position <= last; position += 1) yield position;
    return;
  }
  const parts = source.map((list) => list.slice(findIndex(list, first), findIndex(list, last + 1)));
  const merged = parts.length === 1 ? (parts[0] ?? []) : [...new Set(parts.flat())].sort((a, b) => a - b);
  yield* backwards ? merged.reverse() : merged;
}

/** The index of the first position that is `least` or more. */
function findIndex(list: readonly number[], least: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The shortest lists that lead to what meets all queries and the filter; undefined where the whole ledger must be read. */
function findSource(ledger: MemoryLedger, queries: readonly EventQuery[], filter: EventFilter): Source | undefined {
  const sources: Source[] = queries.filter((query) => query !== "all").map((query) => querySource(ledger, query));
  const { streams, types, tags } = filter;
  const { byStream, byType } = ledger;
  if (streams !== undefined) sources.push(listsOf(byStream, streams));
  if (types !== undefined) sources.push(listsOf(byType, types));
  if (tags !== undefined) for (const tag of tags) sources.push(listsOf(ledger.byTag, [tag]));
  return shortest(sources);
}

function querySource(ledger: MemoryLedger, query: readonly QueryItem[]): Source {
  return query.flatMap((item) => itemSource(ledger, item));
}

function itemSource(ledger: MemoryLedger, { streams, types, tags = [] }: QueryItem): Source {
  const sources = tags.map((tag) => listsOf(ledger.byTag, [tag]));
  if (streams !== undefined) sources.push(listsOf(ledger.byStream, streams));
  if (types !== undefined) sources.push(listsOf(ledger.byType, types));
  return shortest(sources) ?? [];
}

function listsOf(index: ReadonlyMap<string, readonly number[]>, keys: readonly string[]): Source {
  return [...new Set(keys)].map((key) => index.get(key) ?? []);
}

function shortest(sources: readonly Source[]): Source | undefined {
  const sizeOf = (source: Source): number => source.reduce((size, list) => size + list.length, 0);
  return sources.toSorted((a, b) => sizeOf(a) - sizeOf(b))[0];
}

function meetsFilter(filter: EventFilter, event: StoredEvent, facts: MetadataFacts): boolean {
  const { streams, types, tags, causationIds, recordedFromMicros, recordedToMicros } = filter;
  return (
    streams?.includes(event.stream) !== false &&
    types?.includes(event.type) !== false &&
    tags?.every((tag) => event.tags.includes(tag)) !== false &&
    (filter.actor === undefined || facts.actor === filter.actor) &&
    (filter.ip === undefined || facts.ip === filter.ip) &&
    (filter.correlationId === undefined || facts.correlationId === filter.correlationId) &&
    (causationIds === undefined || (facts.causationId !== null && causationIds.includes(facts.causationId))) &&
    (recordedFromMicros === undefined || event.recordedAtMicros >= recordedFromMicros) &&
    (recordedToMicros === undefined || event.recordedAtMicros < recordedToMicros)
  );
}
