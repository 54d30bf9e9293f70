import { LedgerError } from "@eventchain/core";
import { isOwnStatement, mapDatabaseError, type RunSql } from "@eventchain/store";
import type { ProjectionDb } from "./types.ts";
import { HandlerTimeout, withinTime } from "./within-time.ts";

/** So much later than its time a statement that the database was to end is taken for lost. */
const GRACE_MS = 1_000;

/** What a batch's handlers write with, and what became of it. */
export interface OpenProjectionDb {
  readonly db: ProjectionDb;
  /** Takes no statement from now on, sends none that waits, and waits for the one that runs, if that ends in its time. */
  abandon(): Promise<void>;
  /**
   * Waits for what still runs, whether or not its handler did, and takes no statement from then on.
   * Errors: that of the first statement that failed, even where the handler caught it: the transaction is lost with it.
   */
  finish(): Promise<void>;
  /** The error of a statement that is no handler's fault: a lost connection, a deadlock. It may succeed later. */
  transient(): LedgerError | undefined;
}

/**
 * A projection's database for one batch. Statements run one after the other, in the order of their calls, so that a handler
 * that does not await one finds it done before the next; what is called after the end is refused.
 * @param timeoutMs for how long each statement may run: the database ends it then. Default: as long as it takes
 */
export function openProjectionDb(run: RunSql, timeoutMs: number = Number.POSITIVE_INFINITY): OpenProjectionDb {
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  let abandoned = false;
  let failure: { error: unknown } | undefined;
  let transient: LedgerError | undefined;

  async function send<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    if (abandoned) throw new LedgerError("invalid-argument", OVER);
    const begunMs = performance.now();
    try {
      return await run<Row>(text, values);
    } catch (thrown) {
      const isLate = performance.now() - begunMs >= timeoutMs * NEARLY && mapDatabaseError(thrown).code === "timeout";
      const error = isLate ? new HandlerTimeout(timeoutMs) : thrown;
      failure ??= { error };
      const mapped = mapDatabaseError(error);
      if (mapped.retryable) transient ??= mapped;
      throw error;
    }
  }

  function query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const problem = closed ? OVER : typeof text !== "string" || !isOwnStatement(text) ? NOT_A_STATEMENT : undefined;
    if (problem !== undefined) {
      const error = new LedgerError("invalid-argument", problem);
      if (!closed) failure ??= { error };
      const refused = Promise.reject(error);
      refused.catch(() => undefined);
      return refused;
    }
    const result = last.then(() => send<Row>(text, values));
    // A failure is kept: nobody may be waiting for this very promise.
    last = result.catch(() => undefined);
    return result;
  }

  return {
    db: Object.freeze({ query }),
    async finish() {
      for (let seen: unknown; seen !== last; ) {
        seen = last;
        await last;
      }
      closed = true;
      if (failure !== undefined) throw failure.error;
    },
    async abandon() {
      closed = true;
      abandoned = true;
      await withinTime(last, timeoutMs + GRACE_MS).catch(() => undefined);
    },
    transient: () => transient,
  };
}

/** The two clocks may differ: what was cancelled sooner than this was not for its time. */
const NEARLY = 0.9;
const OVER = "the batch that this db belongs to is over: await each query in its handler";
const NOT_A_STATEMENT =
  "a projection's query is one statement in a text that leaves the transaction and its settings as they are";
