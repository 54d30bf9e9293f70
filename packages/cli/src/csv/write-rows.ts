import { LedgerError } from "@eventchain/core";
import { type CsvReading, readRows } from "@eventchain/crud";
import type { Ledger } from "@eventchain/ledger";
import { keepInFlight } from "../jsonl/keep-in-flight.ts";
import { fit } from "./check-rows.ts";
import type { MappedRow } from "./map-row.ts";
import type { CsvMap } from "./read-map.ts";

/** Enough to fill the next groups while one commits. */
const MAX_ROWS_IN_FLIGHT = 1_200;
const MAX_BYTES_IN_FLIGHT = 16 * 2 ** 20;

/** How many rows were added now, and how many an earlier run had added. */
export interface WrittenRows {
  readonly added: number;
  readonly alreadyThere: number;
}

interface RowToWrite extends MappedRow {
  readonly row: number;
  /** About; for the bound on what is in flight. */
  readonly bytes: number;
}

interface Failure {
  readonly row: number;
  readonly error: unknown;
}

type RowOutcome = "added" | "already-there" | "not-sent" | Failure;

/**
 * Appends each row of a file that was checked, in its order, many at a time. Each row is a durable effect of its own,
 * under a command id made of the file's digest and the row's number: after a crash at any point the same call adds the
 * rows that are missing, and no other.
 *
 * After a failure nothing more is sent: rows that wait for their group are given up before it is taken, so that no row
 * stands before one that comes before it in the file.
 * Errors: what the first failed row failed with, and how many rows were added; LedgerError `command-id-reused` where the
 * file was imported with another map.
 */
export async function writeRows(
  ledger: Pick<Ledger, "append">,
  path: string,
  map: CsvMap,
  options: { digest: string; signal: AbortSignal; onProgress: (rows: number) => void },
): Promise<WrittenRows> {
  const { digest, signal, onProgress } = options;
  const reading = await readRows(path, signal);
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);

  async function send({ stream, event, options: rowOptions, row }: RowToWrite): Promise<RowOutcome> {
    try {
      const commandId = `import/${digest}/${row}`;
      const receipt = await ledger.append(stream, event, { ...rowOptions, commandId, signal: stopped });
      return receipt.duplicate ? "already-there" : "added";
    } catch (error) {
      if (stopped.aborted && error instanceof LedgerError && error.code === "aborted") return "not-sent";
      stop.abort();
      return { row, error };
    }
  }

  const written = { added: 0, alreadyThere: 0 };
  let failure: Failure | undefined;
  const outcomes = keepInFlight(rowsToWrite(reading, map, stopped), send, {
    maxItems: MAX_ROWS_IN_FLIGHT,
    maxBytes: MAX_BYTES_IN_FLIGHT,
    bytesOf: (row) => row.bytes,
  });
  for await (const outcome of outcomes) {
    if (typeof outcome === "object") failure ??= outcome;
    else if (outcome === "added") written.added += 1;
    else if (outcome === "already-there") written.alreadyThere += 1;
    onProgress(written.added + written.alreadyThere);
  }
  signal.throwIfAborted();
  if (failure !== undefined) throw describeFailure(path, failure, written);
  // The rows that were checked must be the rows that were written.
  if (reading.digest() !== digest)
    throw new LedgerError(
      "invalid-argument",
      `${path} was changed while it was imported: ${tell(written)}; what was added stands`,
      {
        values: { file: path, ...written },
      },
    );
  return written;
}

async function* rowsToWrite(reading: CsvReading, map: CsvMap, stopped: AbortSignal): AsyncGenerator<RowToWrite> {
  const { toAppend } = await fit(reading, map);
  for await (const row of reading.rows()) {
    if (stopped.aborted) return;
    const bytes = row.cells.reduce((sum, cell) => sum + cell.length, 0);
    yield { ...toAppend(row), row: row.row, bytes };
  }
}

function describeFailure(path: string, { row, error }: Failure, written: WrittenRows): unknown {
  if (!(error instanceof LedgerError)) return error;
  const message =
    error.code === "command-id-reused"
      ? `was imported before with another map, and its rows stand as they were mapped then: give that map again (${tell(written)})`
      : `row ${row}: ${error.message}: ${tell(written)}; running it again adds what is missing`;
  return new LedgerError(error.code, `${path}: ${message}`, {
    values: { ...error.values, file: path, row, ...written },
    cause: error,
    retryable: error.retryable,
  });
}

function tell({ added, alreadyThere }: WrittenRows): string {
  return `${added} rows were added, ${alreadyThere} were already there`;
}
