import { LedgerError } from "@eventchain/core";
import {
  type AnyReaction,
  type LedgerEvent,
  type ProjectedEvent,
  parseInstant,
  type ReactionHandler,
} from "@eventchain/ledger";
import type { NewReactionTask } from "@eventchain/store";

/** What a handler has to do with an event. */
export type Wanted =
  /** It is not asked for: by its type, by `where`, or since its data is erased. */
  | { readonly kind: "none" }
  /** `dueAtMicros`: of a time-out, since 1970-01-01 UTC; null: at once. */
  | { readonly kind: "run"; readonly event: ProjectedEvent | LedgerEvent; readonly dueAtMicros: bigint | null };

/**
 * The tasks that an event makes. Where the application's code cannot say whether it is wanted or when, the task is made
 * unchecked: its run asks again, and fails as any run does, which holds up no other event.
 */
export function findTasks(reaction: AnyReaction, event: LedgerEvent): NewReactionTask[] {
  const { position, stream } = event;
  return [...reaction.handlers].flatMap(([handler, its]): NewReactionTask[] => {
    const task = { position, handler, stream, isTimeout: its.timeout !== null };
    try {
      const wanted = findWanted(reaction, its, event);
      return wanted.kind === "none" ? [] : [{ ...task, isChecked: true, dueAtMicros: wanted.dueAtMicros }];
    } catch {
      return [{ ...task, isChecked: false, dueAtMicros: null }];
    }
  });
}

/** Errors: what the application's code throws, `upcast-failed`, `reaction-failed` for an answer that is none. */
export function findWanted(reaction: AnyReaction, handler: ReactionHandler, event: LedgerEvent): Wanted {
  const seen = seenBy(handler, event);
  if (seen === undefined) return { kind: "none" };
  const isWanted: unknown = reaction.where(seen as ProjectedEvent);
  if (typeof isWanted !== "boolean") throw unusable(reaction.name, "where", isWanted, "true or false");
  if (!isWanted) return { kind: "none" };
  return { kind: "run", event: seen, dueAtMicros: dueAt(reaction.name, handler, seen as ProjectedEvent) };
}

/** The event as the handler is given it; undefined where it is none of its own, or erased. */
export function seenBy(
  { event: definition }: ReactionHandler,
  event: LedgerEvent,
): ProjectedEvent | LedgerEvent | undefined {
  if (definition === null) return event;
  if (definition.type !== event.type) return undefined;
  const data: unknown = definition.read(event);
  if (data === null) return undefined;
  const { type, id, stream, tags, metadata, recordedAtMicros, position, version } = event;
  return { type, id, data, stream, tags, metadata, recordedAtMicros, position, version };
}

function dueAt(reaction: string, { timeout }: ReactionHandler, event: ProjectedEvent): bigint | null {
  if (timeout === null) return null;
  if ("afterMs" in timeout) return event.recordedAtMicros + BigInt(timeout.afterMs) * 1_000n;
  const at: unknown = timeout.at(event);
  if (typeof at === "string") return parseInstant(at, `the time-out of reaction ${reaction}`).micros;
  if (at instanceof Date && !Number.isNaN(at.getTime())) return BigInt(at.getTime()) * 1_000n;
  throw unusable(reaction, "time-out's `at`", at, "a Date, or a text like 2026-01-31T09:30:00Z");
}

function unusable(reaction: string, what: string, given: unknown, wanted: string): LedgerError {
  // Nobody awaits it: its failure must not end the process.
  if (given instanceof Promise) given.catch(() => undefined);
  const found = given instanceof Promise ? "a promise" : given instanceof Date ? "an invalid Date" : String(given);
  return new LedgerError(
    "reaction-failed",
    `reaction ${reaction}: its ${what} gave ${found.slice(0, 80)}: give ${wanted}`,
    {
      values: { reaction },
      retryable: true,
    },
  );
}
