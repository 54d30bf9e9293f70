import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import { checkKeys } from "../check-keys.ts";
import type { Actor, AnyCommand, CommandInput, EventOfCommand, Rejected, RejectionCode } from "../commands/types.ts";
import type { DomainEvent } from "../events/types.ts";
import { checkExpected, compareOutcome, failAssertion } from "./compare-outcome.ts";
import { DEFAULT_NOW_MS, decideGiven, type GivenOutcome } from "./decide-given.ts";

export interface WhenOptions {
  /** Default: an actor `tester` without roles and claims. */
  readonly actor?: Actor | string | undefined;
  /** Milliseconds since 1970-01-01 UTC, of the decision and, unless `at` says another, of the given events. Default 2026-01-01T00:00:00Z. */
  readonly nowMs?: bigint | undefined;
}

/** What a command came to. */
export type Outcome<C extends AnyCommand> =
  | {
      readonly status: "recorded";
      /** Each in the stream that it would go to. */
      readonly events: readonly (EventOfCommand<C> & { readonly stream: string })[];
    }
  | { readonly status: "rejected"; readonly code: RejectionCode<C>; readonly reason: string }
  | { readonly status: "failed"; readonly error: unknown };

/** A command that was decided. It is no promise, and not to be awaited. */
export interface When<C extends AnyCommand> {
  /**
   * Checks that exactly these events were decided, in this order, or that the command was rejected with this code. Type,
   * schema, data and tags are compared; stream, metadata and a rejection's reason where what is expected has one.
   * Errors: `AssertionError`, with the difference; what the command itself failed with.
   */
  then(...expected: readonly [Rejected<RejectionCode<C>>] | readonly EventOfCommand<C>[]): void;
  /** Checks that the command failed with this code, such as "invalid-input" or "decision-failed". */
  thenThrows(code: LedgerErrorCode): void;
  readonly outcome: Outcome<C>;
}

export interface Given {
  /** What the command itself fails with is its outcome. Errors: LedgerError `invalid-argument` for what is no command or option. */
  when<C extends AnyCommand>(command: C, input: CommandInput<C>, options?: WhenOptions): When<C>;
}

/**
 * A test of one decision, without a ledger: synchronous, and pure where the command is. Of the given events, oldest
 * first, each model sees those that its context asks for; one without a stream of its own stands in the command's own.
 *
 *     given(TicketOpened({ ticketId: "1" })).when(closeTicket, { ticketId: "1" }).then(TicketClosed({ ticketId: "1" }));
 */
export function given(...events: readonly DomainEvent[]): Given {
  for (const [index, event] of events.entries()) if (!isEvent(event)) throw notGiven(event, index);
  return {
    when: <C extends AnyCommand>(command: C, input: CommandInput<C>, options: WhenOptions = {}) => {
      checkCommand(command);
      checkKeys(options, ["actor", "nowMs"], `when options of command ${command.name}`);
      return decided<C>(
        command.name,
        run(() => decideGiven(events, command, input, withDefaults(options))),
      );
    },
  };
}

function isEvent(value: unknown): boolean {
  return typeof value === "object" && value !== null && "tags" in value && Array.isArray(value.tags);
}

function notGiven(value: unknown, index: number): LedgerError {
  const instead = Array.isArray(value)
    ? "is a list: give the events one by one, or given(...list)"
    : "is none: call its definition with the data";
  return new LedgerError("invalid-argument", `given event ${index + 1} ${instead}`);
}

function checkCommand(command: unknown): void {
  if (typeof command === "object" && command !== null && "kind" in command && command.kind === "command") return;
  const found = command === undefined || command === null ? String(command) : `a ${typeof command}`;
  throw new LedgerError(
    "invalid-argument",
    `when takes a command, as defineCommand makes it, and its input, but was given ${found}: write .when(command, input)`,
  );
}

function withDefaults({ actor = "tester", nowMs = DEFAULT_NOW_MS }: WhenOptions): {
  actor: Actor | string;
  nowMs: bigint;
} {
  return { actor, nowMs };
}

type Ran = GivenOutcome | { readonly status: "failed"; readonly error: unknown };

function run(decide: () => GivenOutcome): Ran {
  try {
    return decide();
  } catch (error) {
    return { status: "failed", error };
  }
}

function decided<C extends AnyCommand>(command: string, outcome: Ran): When<C> {
  return {
    outcome: outcome as Outcome<C>,
    // biome-ignore lint/suspicious/noThenProperty: see When
    then: (...expected) => {
      checkExpected(expected);
      if (outcome.status === "failed") throw outcome.error;
      compareOutcome(command, outcome, expected);
    },
    thenThrows: (code) => {
      const found =
        outcome.status !== "failed"
          ? `was ${outcome.status}`
          : outcome.error instanceof LedgerError
            ? `failed with ${outcome.error.code}: ${outcome.error.message}`
            : `failed with ${String(outcome.error)}`;
      if (outcome.status === "failed" && outcome.error instanceof LedgerError && outcome.error.code === code) return;
      failAssertion(`command ${command} ${found}, but was expected to fail with ${code}`, found, code);
    },
  };
}
