import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import type { ReadDeps } from "../read-events.ts";

/** Failures of a decision: what they say may come from events that the decision depends on and the actor may not see. */
const FAILURES: readonly LedgerErrorCode[] = ["decision-failed", "invalid-event", "upcast-failed", "unknown-event"];

const causes = new WeakMap<object, unknown>();

/**
 * What is behind an error that a view threw without saying more, for the operator's log; undefined where nothing was
 * kept back. It is nowhere in the error itself.
 */
export function hiddenCause(error: unknown): unknown {
  return typeof error === "object" && error !== null ? causes.get(error) : undefined;
}

/** The error as an actor may be told it: a failed decision says which command failed, unless the event may be seen. */
export async function hideFailure(deps: ReadDeps<"findEvent">, command: string, error: unknown): Promise<unknown> {
  if (!(error instanceof LedgerError) || !FAILURES.includes(error.code)) return error;
  const { position } = error.values;
  if (error.cause === undefined && typeof position === "bigint") {
    if ((await deps.store.findEvent(deps.ledgerId, { position }, deps.scope)) !== undefined) return error;
  }
  const told = new LedgerError(
    error.code,
    `command ${command} could not be decided: hiddenCause(error) gives whoever runs this application the reason`,
    { values: { command } },
  );
  causes.set(told, error);
  return told;
}
