import type { Bytes } from "@eventchain/core";
import type pg from "pg";
import { mapDatabaseError } from "../map-database-error.ts";
import type { Queryable } from "./run-query.ts";

/** Bytes of a page; a row that is longer makes a page of its own. */
const PAGE_BYTES = 1024 * 1024;
/** Pages that wait for the caller. With one more the connection is not read from until it comes for them. */
const PAGES_AHEAD = 2;
/** What stands before the first row: a signature of 11 bytes, flags, and the length of an extension, which is 0. */
const HEADER_BYTES = 19;
/** What stands after the last row: a number of columns that no row has. */
const TRAILER_BYTES = 2;

/** What comes in of a copy, in whole rows, and who waits for it. */
interface Arrivals {
  pages: Bytes[];
  page: Uint8Array;
  used: number;
  /** Nobody wants the rest. */
  isOver: boolean;
  /** The server is done: with an error, where there is one. */
  end: { error?: unknown } | undefined;
  stream: { pause(): void; resume(): void } | undefined;
  wake: () => void;
}

function closePage(arrivals: Arrivals): void {
  if (arrivals.used > 0) arrivals.pages.push(arrivals.page.subarray(0, arrivals.used));
  arrivals.page = new Uint8Array(0);
  arrivals.used = 0;
  if (arrivals.pages.length > PAGES_AHEAD) arrivals.stream?.pause();
  arrivals.wake();
}

/** The driver's buffer is its own again after the call: rows are copied out of it. */
function addRow(arrivals: Arrivals, row: Bytes): void {
  if (arrivals.isOver || row.length === TRAILER_BYTES) return;
  if (arrivals.used + row.length > arrivals.page.length) {
    closePage(arrivals);
    arrivals.page = new Uint8Array(Math.max(PAGE_BYTES, row.length));
  }
  arrivals.page.set(row, arrivals.used);
  arrivals.used += row.length;
}

/** What the driver calls while the statement runs: the part of its protocol that a COPY takes. */
function copyStatement(text: string, arrivals: Arrivals): pg.Submittable & { callback?: (error?: unknown) => void } {
  let isFirst = true;
  const finish = (error?: unknown): void => {
    if (arrivals.end !== undefined) return;
    arrivals.end = error === undefined ? {} : { error };
    // Where the pool has a limit of time for each statement, this ends it.
    statement.callback?.(error);
    closePage(arrivals);
  };
  const statement = {
    submit(connection: pg.Connection): void {
      arrivals.stream = connection.stream;
      connection.query(text);
    },
    handleCopyData({ chunk }: { chunk: Bytes }): void {
      addRow(arrivals, isFirst ? chunk.subarray(HEADER_BYTES) : chunk);
      isFirst = false;
    },
    handleCommandComplete: () => undefined,
    handleReadyForQuery: () => finish(),
    handleError: (error: unknown) => finish(error),
    callback: undefined as ((error?: unknown) => void) | undefined,
  };
  return statement as pg.Submittable & { callback?: (error?: unknown) => void };
}

/**
 * The rows of `copy … to stdout (format binary)`, in pages of whole rows: for each row the number of columns (16 bits), and
 * for each column its length (32 bits, −1 for null) and bytes, as PostgreSQL's manual has it under COPY. A page is its
 * caller's to change. The server sends the next pages while the caller works on one; a caller that stops early waits for the
 * rest of the copy to come in. Errors: LedgerError, as `mapDatabaseError` names them.
 */
export async function* copyRows(connection: Queryable, text: string): AsyncGenerator<Bytes> {
  const page = new Uint8Array(0);
  const arrivals: Arrivals = {
    ...{ pages: [], page, used: 0, isOver: false },
    ...{ end: undefined, stream: undefined, wake: () => undefined },
  };
  const change = (): Promise<void> => new Promise((resolve) => (arrivals.wake = resolve));
  connection.query(copyStatement(text, arrivals));
  try {
    for (;;) {
      const next = arrivals.pages.shift();
      if (next !== undefined) {
        arrivals.stream?.resume();
        yield next;
      } else if (arrivals.end === undefined) await change();
      else if (arrivals.end.error !== undefined) throw mapDatabaseError(arrivals.end.error);
      else return;
    }
  } finally {
    arrivals.isOver = true;
    arrivals.stream?.resume();
    while (arrivals.end === undefined) await change();
  }
}
