import { LedgerError } from "@eventchain/core";
import { type BuildTransaction, mapDatabaseError, type PageEvent } from "@eventchain/store";
import { openProjectionDb } from "./open-projection-db.ts";
import { projectionFailed } from "./projection-failed.ts";
import { projectedReader } from "./read-projected.ts";
import type { Projection } from "./types.ts";
import { withinTime } from "./within-time.ts";

/** What a projection's own code could not do, `projection-failed`; all else that is thrown says nothing against it. */
export class HandlerFailure extends LedgerError {
  constructor({ message, values, cause }: LedgerError) {
    super("projection-failed", message, { values, cause, retryable: false });
  }
}

/**
 * Applies stored events to a projection's tables, in the transaction that has them. Gives the last position that it
 * applied where `isOver` ended that before the last event; else undefined. Where it throws, the transaction is to
 * be rolled back.
 * Errors: HandlerFailure; LedgerError, mostly retryable, for what is not the handlers' fault.
 */
export async function applyEvents(
  { write }: Pick<BuildTransaction, "write">,
  projection: Projection,
  events: readonly PageEvent[],
  isOver?: () => boolean,
): Promise<bigint | undefined> {
  const opened: { transient?: () => LedgerError | undefined } = {};
  try {
    const projected = projectedReader(projection)(events);
    if (projected.length === 0) return undefined;
    const { timeoutMs } = projection;
    return await write(async (run) => {
      const { db, finish, abandon, transient } = openProjectionDb(run, timeoutMs);
      opened.transient = transient;
      try {
        const count = await projection.apply(projected, db, isOver);
        await withinTime(finish(), timeoutMs);
        return count < projected.length ? projected[count - 1]?.position : undefined;
      } catch (error) {
        await abandon();
        throw error;
      }
    }, timeoutMs);
  } catch (error) {
    throw opened.transient?.() ?? judge(projection.name, error);
  }
}

/** Whose fault it is: the handlers' unless the database says that it may go well later, or that nobody may do it. */
function judge(name: string, error: unknown): Error {
  if (error instanceof LedgerError) {
    const isOurs = error.code.startsWith("database-") || error.code === "timeout";
    return isOurs ? error : new HandlerFailure(projectionFailed(name, error, undefined));
  }
  const mapped = mapDatabaseError(error);
  return mapped.retryable ? mapped : new HandlerFailure(projectionFailed(name, error, undefined));
}
