import { hexToBytes, LedgerError, MAX_INT63 } from "@eventchain/core";
import { checkCheckpointName, type EventFilter, type EventQuery } from "@eventchain/store";
import { checkKeys } from "../check-keys.ts";
import { checkPosition, selection } from "../read-events.ts";
import type { Place } from "./follow-events.ts";
import { LEVELS, type Level, type SubscribeOptions } from "./types.ts";

/** How many events are read ahead unless told otherwise. */
export const DEFAULT_READ_AHEAD = 1_000;
const MAX_READ_AHEAD = 100_000;
const KEYS = ["from", "filter", "query", "level", "checkpoint", "signal", "readAhead"] as const;

/** What a subscription was asked for, checked. */
export interface SubscriptionPlan {
  /** Where to begin; undefined: where the checkpoint stands, else at the start. */
  from: Place | "now" | undefined;
  selection: { filter?: EventFilter; query?: EventQuery };
  level: Level;
  checkpoint: string | undefined;
  signal: AbortSignal | undefined;
  readAhead: number;
}

/** Errors: LedgerError `invalid-argument`, `invalid-name`, `too-large`. */
export function checkSubscription(options: SubscribeOptions): SubscriptionPlan {
  checkKeys(options, KEYS, "subscribe options");
  const { from, filter, query, level = "appended", checkpoint, signal, readAhead = DEFAULT_READ_AHEAD } = options;
  if (!LEVELS.includes(level))
    throw invalid(`level is ${String(level)}: give one of ${LEVELS.join(", ")}`, { level: String(level) });
  if (!Number.isSafeInteger(readAhead) || readAhead < 1 || readAhead > MAX_READ_AHEAD)
    throw invalid(`readAhead is ${String(readAhead)}: give an integer from 1 to ${MAX_READ_AHEAD}`, {
      readAhead: String(readAhead),
    });
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid("signal is no AbortSignal", {});
  if (checkpoint !== undefined) checkCheckpointName(checkpoint);
  return { from: checkFrom(from), selection: copySelection({ filter, query }), level, checkpoint, signal, readAhead };
}

/** A copy: what its caller does to the lists later does not change what is read. */
function copySelection(given: Pick<SubscribeOptions, "filter" | "query">): SubscriptionPlan["selection"] {
  const { filter, query } = selection(given);
  try {
    return structuredClone({
      ...(filter === undefined ? {} : { filter }),
      ...(query === undefined ? {} : { query }),
    });
  } catch (cause) {
    throw new LedgerError("invalid-argument", "the filter or the query has a value that is no data", { cause });
  }
}

function checkFrom(from: SubscribeOptions["from"]): Place | "now" | undefined {
  if (from === undefined || from === "now") return from;
  if (from === "start") return { position: 0n, hash: undefined };
  if (typeof from === "bigint" || typeof from === "number")
    return { position: checkPosition("from", from), hash: undefined };
  if (typeof from === "object" && from !== null) return placeOf(from, "from");
  throw invalid(`from is ${String(from)}: give a position, "start", "now" or a cursor`, { from: String(from) });
}

/** A cursor, such as an event is one, as a place to read on from. Errors: LedgerError `invalid-argument`. */
export function placeOf(
  { position, hash }: { position?: unknown; hash?: unknown },
  what: string,
): Required<Place> & { hash: Uint8Array } {
  if (typeof position !== "bigint" || position < 0n || position > MAX_INT63)
    throw invalid(`the position of ${what} is ${String(position)}: give a bigint, from 0`, {
      position: String(position),
    });
  if (typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash))
    throw invalid(`the hash of ${what} is not 64 hex digits in lower case`, { hash: String(hash) });
  return { position, hash: hexToBytes(hash) };
}

function invalid(message: string, values: Readonly<Record<string, unknown>>): LedgerError {
  return new LedgerError("invalid-argument", message, { values });
}
