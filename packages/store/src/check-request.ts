import { LedgerError, MAX_INT63, utf8 } from "@eventchain/core";
import type { AppendCondition, AppendOutcome, AppendRequest, NewEvent, RefusalCode } from "./port.ts";
import { checkQuery, countNames } from "./query.ts";

export type Refusal = Extract<AppendOutcome, { outcome: "refused" }>;

/** What Postgres takes for a uuid is wider: upper case, braces. Its version is checked there. */
const lowerCaseUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const maxInt31 = 2 ** 31 - 1;
/** UTF-16 units of one request's texts: what one message to Postgres holds with room to spare. */
export const maxRequestLength: number = 64 * 1024 * 1024;
/** Streams, types and tags in one condition, all together. */
const maxConditionNames = 4_096;
/** The same in the conditions of one call: while the ledger is locked, each takes time. */
export const maxCallNames = 16_384;

/** Text that would reach Postgres changed (lone surrogates), or not at all (U+0000). */
function isLossy(text: string): boolean {
  return !text.isWellFormed() || text.includes("\0");
}

function refuse(code: RefusalCode, message: string, event?: number): Refusal {
  return event === undefined ? { outcome: "refused", code, message } : { outcome: "refused", code, message, event };
}

function checkEvent(event: NewEvent, index: number): Refusal | undefined {
  if (isLossy(event.stream) || isLossy(event.type) || event.tags.some(isLossy))
    return refuse("invalid-name", "a name has a lone surrogate or U+0000", index);
  if (isLossy(event.data)) return refuse("invalid-json", "data has a lone surrogate or U+0000", index);
  if (isLossy(event.metadata)) return refuse("invalid-json", "metadata has a lone surrogate or U+0000", index);
  if (!lowerCaseUuid.test(event.id)) return refuse("invalid-argument", "an event id is a UUIDv7 in lower case", index);
  if (!Number.isInteger(event.schema) || event.schema < 1 || event.schema > maxInt31) {
    return refuse("invalid-argument", "a schema version is from 1 to 2^31 - 1", index);
  }
  return undefined;
}

function checkExpected(request: AppendRequest): Refusal | undefined {
  const { expected } = request;
  if (expected.length === 0) return undefined;
  const streams = new Set<string>();
  for (const { stream, version } of expected) {
    if (isLossy(stream)) return refuse("invalid-name", "a stream's name has a lone surrogate or U+0000");
    if (typeof version === "bigint" && (version < 0n || version > MAX_INT63)) {
      return refuse("invalid-argument", "an expected version is from 0 to 2^63 - 1");
    }
    if (typeof version === "string" && !["none", "exists", "any"].includes(version)) {
      return refuse("invalid-argument", "an expected version is a bigint, none, exists or any");
    }
    if (streams.has(stream)) return refuse("invalid-argument", "one stream has two expected versions");
    streams.add(stream);
  }
  return undefined;
}

function checkCondition({ failIfEventsMatch, after = 0n }: AppendCondition): Refusal | undefined {
  try {
    checkQuery(failIfEventsMatch);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return refuse(error.code === "too-large" ? "too-large" : "invalid-argument", error.message);
  }
  if (countNames(failIfEventsMatch) > maxConditionNames)
    return refuse("too-large", "a condition has at most 4,096 names of streams, types and tags");
  if (after >= 0n && after <= MAX_INT63) return undefined;
  return refuse("invalid-argument", "a condition's `after` is from 0 to 2^63 - 1");
}

function checkRejection({ command, events, rejection }: AppendRequest): Refusal | undefined {
  if (rejection === undefined) return undefined;
  const { code, reason = "", event } = rejection;
  if (command === undefined) return refuse("invalid-argument", "a rejection is of a command");
  if (events.length > 0) return refuse("invalid-argument", "a rejection has no events to append");
  if (isLossy(code) || isLossy(reason)) {
    return refuse("invalid-argument", "a rejection's code or reason has a lone surrogate or U+0000");
  }
  const bytes = utf8(code).length;
  if (bytes < 1 || bytes > 512) return refuse("invalid-argument", "a rejection's code has 1 to 512 bytes of UTF-8");
  if (event === undefined) return undefined;
  if (isLossy(event.metadata)) return refuse("invalid-json", "metadata has a lone surrogate or U+0000", 0);
  if (!lowerCaseUuid.test(event.id)) return refuse("invalid-argument", "an event id is a UUIDv7 in lower case", 0);
  return undefined;
}

function lengthOfNames({ failIfEventsMatch }: AppendCondition): number {
  if (!Array.isArray(failIfEventsMatch)) return 0;
  let length = 0;
  for (const item of failIfEventsMatch) {
    for (const names of Object.values(item ?? {})) {
      if (Array.isArray(names)) for (const name of names) length += String(name).length + 3;
    }
  }
  return length;
}

/** UTF-16 units of a request's long texts. */
export function lengthOf({ events, condition, rejection }: AppendRequest): number {
  let length = condition === undefined ? 0 : lengthOfNames(condition);
  for (const event of events) length += event.data.length + event.metadata.length + event.stream.length;
  if (rejection !== undefined) length += (rejection.reason?.length ?? 0) + (rejection.event?.metadata.length ?? 0);
  return length;
}

/** How many names a request's condition has; see `maxCallNames`. */
export function namesOf({ condition, rejection }: AppendRequest): number {
  if (condition === undefined || rejection !== undefined) return 0;
  const { failIfEventsMatch } = condition;
  return failIfEventsMatch === "all" || Array.isArray(failIfEventsMatch) ? countNames(failIfEventsMatch) : 0;
}

/** `checkRequest` for each request of one call, and that their conditions are not too much together. */
export function checkRequests(requests: readonly AppendRequest[]): (Refusal | undefined)[] {
  let names = 0;
  return requests.map((request) => {
    const refusal = checkRequest(request);
    if (refusal !== undefined || request.condition === undefined) return refusal;
    names += namesOf(request);
    return names > maxCallNames
      ? refuse("too-large", "the conditions of one call have at most 16,384 names")
      : undefined;
  });
}

/**
 * What no adapter takes: it cannot be sent to Postgres as it is, or would take the whole call down there. All else
 * (names, JSON, salts, tags, the command id in metadata) is checked where events are recorded: in Postgres by the append
 * function, for whoever calls it.
 */
function checkRequest(request: AppendRequest): Refusal | undefined {
  if (lengthOf(request) > maxRequestLength) return refuse("too-large", "one request has at most 64 MiB of text");
  const { command } = request;
  if (command !== undefined) {
    if (isLossy(command.id)) return refuse("invalid-name", "a command id has a lone surrogate or U+0000");
    if (isLossy(command.type ?? "") || isLossy(command.actor ?? "")) {
      return refuse("invalid-argument", "a command's type or actor has a lone surrogate or U+0000");
    }
  }
  const { condition } = request;
  const refused =
    checkRejection(request) ??
    checkExpected(request) ??
    (condition === undefined ? undefined : checkCondition(condition));
  if (refused !== undefined) return refused;
  for (const [index, event] of request.events.entries()) {
    const problem = checkEvent(event, index);
    if (problem !== undefined) return problem;
  }
  return checkIds(request.events);
}

/** One id twice in a request would take the whole call down where an event of an earlier request has it too. */
function checkIds(events: readonly NewEvent[]): Refusal | undefined {
  if (events.length < 2) return undefined;
  const ids = new Set<string>();
  for (const [index, { id }] of events.entries()) {
    if (ids.has(id)) return refuse("duplicate-id", "two events of one request have one id", index);
    ids.add(id);
  }
  return undefined;
}
