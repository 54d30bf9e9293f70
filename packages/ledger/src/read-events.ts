import { checkName, LedgerError, MAX_INT63 } from "@eventchain/core";
import type { EventFilter, EventStore } from "@eventchain/store";
import { checkKeys } from "./check-keys.ts";
import { decodeEvent } from "./decode-event.ts";
import type { LedgerEvent, ReadAllOptions, ReadOptions } from "./types.ts";

const STREAM_KEYS = ["after", "limit", "backwards", "signal"] as const;
const ALL_KEYS = [...STREAM_KEYS, "to", "filter"] as const;
const FILTER_KEYS = [
  "streams",
  "types",
  "tags",
  "actor",
  "ip",
  "correlationId",
  "recordedFromMicros",
  "recordedToMicros",
] as const;

/** A stream's events. What is wrong with the options is thrown by the call, not by the first step of the iteration. */
export function readStream(
  store: Pick<EventStore, "readStream">,
  ledgerId: bigint,
  stream: string,
  options: ReadOptions = {},
): AsyncIterable<LedgerEvent> {
  checkName("stream", stream, { system: true });
  checkKeys(options, STREAM_KEYS, "read options");
  return decodeAll(store.readStream(ledgerId, stream, commonOptions(options)));
}

/** The ledger's events. */
export function readAll(
  store: Pick<EventStore, "readAll">,
  ledgerId: bigint,
  options: ReadAllOptions = {},
): AsyncIterable<LedgerEvent> {
  checkKeys(options, ALL_KEYS, "read options");
  return decodeAll(
    store.readAll(ledgerId, {
      ...commonOptions(options),
      ...(options.to === undefined ? {} : { to: size("to", options.to) }),
      ...(options.filter === undefined ? {} : { filter: checkFilter(options.filter) }),
    }),
  );
}

async function* decodeAll(events: AsyncIterable<Parameters<typeof decodeEvent>[0]>): AsyncGenerator<LedgerEvent> {
  for await (const event of events) yield decodeEvent(event);
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
    ...(after === undefined ? {} : { after: size("after", after) }),
    ...(limit === undefined ? {} : { limit }),
    ...(backwards === undefined ? {} : { backwards }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function checkFilter(filter: EventFilter): EventFilter {
  checkKeys(filter, FILTER_KEYS, "filter");
  for (const stream of filter.streams ?? []) checkName("stream", stream, { system: true });
  for (const type of filter.types ?? []) checkName("type", type, { system: true });
  for (const tag of filter.tags ?? []) checkName("tag", tag, { system: true });
  return filter;
}

function size(what: string, value: unknown): bigint {
  if (typeof value === "bigint" && value >= 0n && value <= MAX_INT63) return value;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  throw new LedgerError("invalid-argument", `${what} is ${String(value)}: give a bigint, or a safe integer, from 0`, {
    values: { [what]: String(value) },
  });
}
