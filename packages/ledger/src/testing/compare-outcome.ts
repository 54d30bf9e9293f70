import { AssertionError, deepStrictEqual } from "node:assert";
import type { Rejected } from "../commands/types.ts";
import type { DomainEvent } from "../events/types.ts";
import type { GivenOutcome } from "./decide-given.ts";

type Expected = Rejected | DomainEvent;

/** Refuses what is no expectation. Errors: `TypeError`, which says what to write. */
export function checkExpected(expected: readonly unknown[]): void {
  if (expected.length === 0) throw new TypeError("then() expects nothing: give it the events, or reject(code)");
  for (const each of expected) {
    if (typeof each === "function") throw new TypeError(saysOfFunction(each));
    if (Array.isArray(each))
      throw new TypeError("then() was given a list: give it the events one by one, or then(...list)");
    if (typeof each !== "object" || each === null || !isExpectation(each))
      throw new TypeError(`then(${shortly(each)}) is no expectation: give it the events, or reject(code)`);
    if (isRejected(each as Expected) && expected.length > 1)
      throw new TypeError("then() expects a rejection beside something else: a command does one or the other");
  }
}

function isExpectation(value: object): boolean {
  if ("kind" in value) return value.kind === "rejected";
  return "type" in value && "data" in value && "tags" in value && Array.isArray(value.tags);
}

function shortly(value: unknown): string {
  return typeof value === "object" && value !== null ? `{ ${Object.keys(value).join(", ")} }` : String(value);
}

function saysOfFunction(each: object): string {
  if ("kind" in each && each.kind === "event" && "type" in each)
    return `then(${String(each.type)}) expects a definition: call it with the data that the event should have`;
  return "given(…).when(…) is no promise: it was decided at once, so leave out the `await` before it, and end it by .then(…)";
}

/** Errors: `AssertionError`, with the difference. */
export function compareOutcome(command: string, outcome: GivenOutcome, expected: readonly unknown[]): void {
  const wanted = expected as readonly Expected[];
  const [first] = wanted;
  const shown =
    first !== undefined && isRejected(first)
      ? { rejected: first.code, ...(first.reason === undefined ? {} : { reason: first.reason }) }
      : { recorded: wanted.map((event) => plainEvent(event as DomainEvent, event as DomainEvent)) };
  const actual =
    outcome.status === "rejected"
      ? { rejected: outcome.code, ...(wantsNoReason(first) ? {} : { reason: outcome.reason }) }
      : { recorded: outcome.events.map((event, index) => plainEvent(event, wanted[index])) };
  try {
    deepStrictEqual(actual, shown);
  } catch (error) {
    const difference = error instanceof Error ? error.message : String(error);
    failAssertion(`command ${command} came to another outcome than expected: ${difference}`, actual, shown);
  }
}

/** Throws an `AssertionError`, whose `actual` and `expected` test runners show. */
export function failAssertion(message: string, actual: unknown, expected: unknown): never {
  throw new AssertionError({ message, actual, expected, operator: "deepStrictEqual" });
}

function isRejected(expected: Expected): expected is Rejected {
  return "kind" in expected && expected.kind === "rejected";
}

function wantsNoReason(expected: Expected | undefined): boolean {
  return expected !== undefined && isRejected(expected) && expected.reason === undefined;
}

/** What is compared of an event: its stream and metadata only where what is expected has them. */
function plainEvent(event: DomainEvent, like: Expected | undefined): Record<string, unknown> {
  const { type, schema, data, tags, stream, metadata } = event;
  const wanted = like !== undefined && !isRejected(like) ? like : undefined;
  return {
    type,
    schema,
    data: JSON.parse(JSON.stringify(data)),
    tags: [...tags].sort(),
    ...(wanted?.stream === undefined ? {} : { stream }),
    ...(wanted?.metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
}
