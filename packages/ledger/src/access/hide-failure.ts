import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import type { ReadDeps } from "../read-events.ts";

/**
 * Failures whose words may come from what the actor may not see: the events that a decision depends on, or, as commands of
 * several actors are sent together, what the database says of another's.
 */
const FAILURES: readonly LedgerErrorCode[] = [
  "decision-failed",
  "invalid-event",
  "upcast-failed",
  "unknown-event",
  "database-failed",
  "projection-failed",
];

const causes = new WeakMap<object, unknown>();

/**
 * What is behind an error that a view threw without saying more, for the operator's log; undefined where nothing was
 * kept back. It is nowhere in the error itself.
 */
export function hiddenCause(error: unknown): unknown {
  return typeof error === "object" && error !== null ? causes.get(error) : undefined;
}

/**
 * The error as an actor may be told it: which command failed and with what code, and no more, unless it is about an event
 * that the actor sees. What is no LedgerError was thrown by an app's own code: `decision-failed`.
 */
export async function hideFailure(deps: ReadDeps<"findEvent">, command: string, error: unknown): Promise<unknown> {
  const failure = error instanceof LedgerError ? error : undefined;
  if (failure !== undefined && !FAILURES.includes(failure.code)) return error;
  const position = failure?.cause === undefined ? failure?.values.position : undefined;
  if (typeof position === "bigint") {
    if ((await deps.store.findEvent(deps.ledgerId, { position }, deps.scope)) !== undefined) return error;
  }
  const told = new LedgerError(
    failure?.code ?? "decision-failed",
    `command ${command} failed: hiddenCause(error) gives whoever runs this application the reason`,
    { values: { command }, retryable: failure?.retryable ?? false },
  );
  causes.set(told, error);
  return told;
}
