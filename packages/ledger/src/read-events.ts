import { checkName, LedgerError, MAX_INT63 } from "@eventchain/core";
import { type AccessScope, checkQuery, type EventFilter, type EventQuery, type EventStore } from "@eventchain/store";
import { checkKeys } from "./check-keys.ts";
import { eachOf } from "./each-of.ts";
import type { CountOptions, LedgerEvent, ReadAllOptions, ReadOptions } from "./types.ts";

const STREAM_KEYS = ["after", "limit", "backwards", "signal"] as const;
const COUNT_KEYS = ["after", "to", "filter", "query"] as const;
const ALL_KEYS = [...STREAM_KEYS, "to", "filter", "query"] as const;
const FILTER_KEYS = [
  "streams",
  "types",
  "tags",
  "actor",
  "ip",
  "correlationId",
  "causationIds",
  "recordedFromMicros",
  "recordedToMicros",
] as const;

/** What reads work with: a ledger of a store, and what of it is seen. */
export interface ReadDeps<Methods extends keyof EventStore> {
  ledgerId: bigint;
  store: Pick<EventStore, Methods>;
  scope: AccessScope;
}

/** A stream's events. What is wrong with the options is thrown by the call, not by the first step of the iteration. */
export function readStream(
  { store, ledgerId, scope }: ReadDeps<"readBatches">,
  stream: string,
  options: ReadOptions = {},
): AsyncIterable<LedgerEvent> {
  checkName("stream", stream, { system: true });
  checkKeys(options, STREAM_KEYS, "read options");
  return eachOf(store.readBatches(ledgerId, { stream, ...commonOptions(options), ...scope }), options.signal);
}

/** The ledger's events. */
export function readAll(
  { store, ledgerId, scope }: ReadDeps<"readBatches">,
  options: ReadAllOptions = {},
): AsyncIterable<LedgerEvent> {
  checkKeys(options, ALL_KEYS, "read options");
  const read = { ...commonOptions(options), ...selection(options), ...scope };
  return eachOf(store.readBatches(ledgerId, read), options.signal);
}

/** The events that meet a query. */
export function queryEvents(
  deps: ReadDeps<"readBatches">,
  query: EventQuery,
  options: Omit<ReadAllOptions, "query"> = {},
): AsyncIterable<LedgerEvent> {
  if (query === undefined) throw new LedgerError("invalid-argument", 'query is missing: give "all" or a list of items');
  checkKeys(options, [...STREAM_KEYS, "to", "filter"], "query options");
  return readAll(deps, { ...options, query });
}

/** How many events meet a query and a filter. */
export async function countEvents(
  { store, ledgerId, scope }: ReadDeps<"count">,
  options: CountOptions = {},
): Promise<bigint> {
  checkKeys(options, COUNT_KEYS, "count options");
  const { after } = options;
  return store.count(ledgerId, {
    ...(after === undefined ? {} : { after: checkPosition("after", after) }),
    ...selection(options),
    ...scope,
  });
}

/** What of a read's options says which events. Errors: LedgerError `invalid-argument`, `invalid-name`, `too-large`. */
export function selection({ to, filter, query }: CountOptions): {
  to?: bigint;
  filter?: EventFilter;
  query?: EventQuery;
} {
  if (query !== undefined) checkNames(query);
  return {
    ...(to === undefined ? {} : { to: checkPosition("to", to) }),
    ...(filter === undefined ? {} : { filter: checkFilter(filter) }),
    ...(query === undefined ? {} : { query }),
  };
}

function checkNames(query: EventQuery): void {
  checkQuery(query);
  if (query === "all") return;
  for (const { streams = [], types = [], tags = [] } of query) {
    for (const stream of streams) checkName("stream", stream, { system: true });
    for (const type of types) checkName("type", type, { system: true });
    for (const tag of tags) checkName("tag", tag, { system: true });
  }
}

function commonOptions(options: ReadOptions): {
  after?: bigint;
  limit?: number;
  backwards?: boolean;
  signal?: AbortSignal;
} {
  const { after, limit, backwards, signal } = options;
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 0))
    throw new LedgerError("invalid-argument", `limit is ${String(limit)}: give an integer from 0`, {
      values: { limit: String(limit) },
    });
  return {
    ...(after === undefined ? {} : { after: checkPosition("after", after) }),
    ...(limit === undefined ? {} : { limit }),
    ...(backwards === undefined ? {} : { backwards }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function checkFilter(filter: EventFilter): EventFilter {
  checkKeys(filter, FILTER_KEYS, "filter");
  for (const key of ["streams", "types", "tags", "causationIds"] as const)
    if (filter[key] !== undefined && !Array.isArray(filter[key]))
      throw new LedgerError("invalid-argument", `${key} of the filter is not a list`, { values: { key } });
  for (const stream of filter.streams ?? []) checkName("stream", stream, { system: true });
  for (const type of filter.types ?? []) checkName("type", type, { system: true });
  for (const tag of filter.tags ?? []) checkName("tag", tag, { system: true });
  return filter;
}

/** A position or version from 0, as a bigint. Errors: LedgerError `invalid-argument`. */
export function checkPosition(what: string, value: unknown): bigint {
  if (typeof value === "bigint" && value >= 0n && value <= MAX_INT63) return value;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new LedgerError("invalid-argument", `${what} is ${String(value)}: give a bigint, or a safe integer, from 0`, {
    values: { [what]: String(value) },
  });
}
