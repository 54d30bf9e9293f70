import { LedgerError } from "@eventchain/core";
import { makerOf } from "../events/define-event.ts";
import type { DomainEvent } from "../events/types.ts";
import type { Models } from "../models/types.ts";
import { isText } from "./known-actor.ts";
import type { Execution } from "./start-execution.ts";
import type { DecideInput } from "./types.ts";

/** What was decided: events, at least one, or a rejection. */
export type Decided = { readonly kind: "events"; readonly events: readonly DomainEvent[] } | DecidedRejection;

export interface DecidedRejection {
  readonly kind: "rejected";
  readonly code: string;
  /** Given, or the command's sentence for the code. */
  readonly reason: string;
}

const NOT_ALLOWED = "not-allowed";

/** What comes through from an app's function as it is: it names its cause better than "decide threw" would. */
const OWN_CODES: readonly string[] = ["invalid-event", "upcast-failed", "unknown-event", "decision-failed"];

/** Whether the actor may issue the command at all: the rejection where not. Errors: LedgerError `decision-failed`. */
export function denyIssuing({ command, actor }: Execution): DecidedRejection | undefined {
  const { allow } = command;
  if (allow === undefined) return undefined;
  const allowed: unknown = ask(command.name, "allow", () => allow(actor));
  if (allowed === true) return undefined;
  if (allowed === false) return denied(command.rejects, `not allowed to the actor: it takes ${allow.describe}`);
  throw unusable(command.name, "allow", allowed, "true or false");
}

/**
 * Asks `authorize`, then `decide`.
 * @param states by model name; a command with one model has it under "".
 * Errors: LedgerError `decision-failed`, `invalid-event`.
 */
export function decideCommand(
  { command, input, actor }: Execution,
  states: ReadonlyMap<string, unknown>,
  nowMs: bigint,
): Decided {
  const model = states.has("") ? states.get("") : Object.fromEntries(states);
  const given: DecideInput<unknown, Models> = { input, model: model as never, actor, nowMs };
  const permission: unknown = ask(command.name, "authorize", () => command.authorize(given));
  if (permission === false) return denied(command.rejects, "not allowed to the actor here");
  if (permission !== true) return rejection(command, "authorize", permission);
  const decision: unknown = ask(command.name, "decide", () => command.decide(given));
  if (isRejected(decision)) return rejection(command, "decide", decision);
  return { kind: "events", events: checkEvents(command, Array.isArray(decision) ? decision : [decision]) };
}

/** Runs an app's function. Errors: LedgerError `decision-failed` with the cause, or what it says of an event. */
export function ask<T>(command: string, what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof LedgerError && OWN_CODES.includes(cause.code)) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw failed(command, `its ${what} threw: ${problem}`, cause);
  }
}

/** The error of a command whose own code gave what cannot be used. */
export function failed(command: string, problem: string, cause?: unknown): LedgerError {
  return new LedgerError("decision-failed", `command ${command} could not be decided: ${problem}`, {
    values: { command },
    cause,
  });
}

function denied(rejects: ReadonlyMap<string, string>, reason: string): DecidedRejection {
  return { kind: "rejected", code: NOT_ALLOWED, reason: rejects.get(NOT_ALLOWED) ?? reason };
}

function isRejected(value: unknown): value is { code: unknown; reason: unknown } {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "rejected";
}

function rejection({ name, rejects }: Execution["command"], what: string, value: unknown): DecidedRejection {
  if (!isRejected(value)) throw unusable(name, what, value, "true, false or deny(…)");
  const { code, reason } = value;
  const sentence = typeof code === "string" ? rejects.get(code) : undefined;
  if (typeof code !== "string" || sentence === undefined)
    throw failed(name, `its ${what} rejects with ${describe(code)}, which is none of its rejects: list it there`);
  if (reason !== undefined && !isText(reason))
    throw failed(name, `its ${what} rejects with a reason that is not a text of at least one character`);
  return { kind: "rejected", code, reason: reason ?? sentence };
}

function checkEvents({ name, records }: Execution["command"], events: readonly unknown[]): readonly DomainEvent[] {
  if (events.length === 0) throw failed(name, "its decide gave no event: return an event, or reject");
  for (const event of events) swallow(event);
  for (const event of events) {
    const maker = typeof event === "object" && event !== null ? makerOf(event) : undefined;
    if (maker === undefined) {
      if (records.some(({ type }) => type === typeOf(event)))
        throw failed(
          name,
          `its decide gave a copy of ${typeOf(event)}: return what its definition made, which takes stream, tags and metadata as options`,
        );
      throw unusable(name, "decide", event, "an event or a list of events of its records, or reject");
    }
    if (!records.includes(maker)) throw failed(name, `its decide gave ${maker.type}, which is none of its records`);
  }
  return events as readonly DomainEvent[];
}

/** A promise that nobody awaits must not end the process when it fails. */
export function swallow(value: unknown): void {
  if (value instanceof Promise) value.catch(() => undefined);
}

/** The error of an app's function that gave what it may not. `wanted`: what it is to return. */
export function unusable(command: string, what: string, value: unknown, wanted: string): LedgerError {
  swallow(value);
  return failed(command, `its ${what} gave ${describe(value)}: return ${wanted}`);
}

function typeOf(event: unknown): string | undefined {
  if (typeof event !== "object" || event === null || !("type" in event)) return undefined;
  return typeof event.type === "string" ? event.type : undefined;
}

function describe(value: unknown): string {
  if (value instanceof Promise) return "a promise (it is to be synchronous)";
  if (typeof value === "string") return JSON.stringify(value.slice(0, 80));
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? "a list" : "an object";
}
