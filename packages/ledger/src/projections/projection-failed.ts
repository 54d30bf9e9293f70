import { LedgerError } from "@eventchain/core";
import type { ProjectedEvent } from "./types.ts";

/** The error for what a projection's handler threw; with the event where it is known which one it was. */
export function projectionFailed(
  projection: string,
  cause: unknown,
  event: Pick<ProjectedEvent, "position" | "type"> | undefined,
): LedgerError {
  const isNamed = cause instanceof LedgerError && cause.code === "projection-failed" && "projection" in cause.values;
  if (isNamed) return cause;
  const said = cause instanceof Error ? cause.message : String(cause);
  const where = event === undefined ? "" : ` at position ${event.position} (${event.type})`;
  return new LedgerError("projection-failed", `projection ${JSON.stringify(projection)} failed${where}: ${said}`, {
    cause,
    values: { projection, ...(event === undefined ? {} : { position: event.position, type: event.type }) },
    retryable: false,
  });
}
