import { LedgerError } from "@eventchain/core";
import type { Ledger } from "@eventchain/ledger";
import { keepInFlight } from "../jsonl/keep-in-flight.ts";
import { fit } from "./check-rows.ts";
import type { MappedRow } from "./map-row.ts";
import type { CsvMap } from "./read-map.ts";
import { readRows } from "./read-rows.ts";

const MAX_ROWS_IN_FLIGHT = 2_000;
const MAX_BYTES_IN_FLIGHT = 16 * 2 ** 20;

/** How many rows were added now, and how many an earlier run had added. */
export interface WrittenRows {
  readonly added: number;
  readonly alreadyThere: number;
}

interface RowToWrite extends MappedRow {
  readonly row: number;
  readonly bytes: number;
}

type RowOutcome =
  | { readonly kind: "added" | "already-there" | "not-sent" }
  | { readonly failure: unknown; readonly row: number };

/**
 * Appends each row of a file that was checked, many at a time. Each row is a durable effect of its own, under a command id
 * made of the file's digest and the row's number: after a crash at any point the same call adds the rows that are missing,
 * and no other. A row is sent when the row before it in its stream stands, so that a stream keeps the file's order even
 * if a row fails; after a failure nothing more is sent.
 * Errors: what the first failed row failed with, and how many rows were added before; LedgerError `command-id-reused`
 * where the file was imported with another map.
 */
export async function writeRows(
  ledger: Pick<Ledger, "append">,
  path: string,
  map: CsvMap,
  options: { digest: string; signal: AbortSignal; onProgress: (rows: number) => void },
): Promise<WrittenRows> {
  const { digest, signal, onProgress } = options;
  const reading = await readRows(path, signal);
  const { toAppend } = await fit(reading, map);
  const streams = new Map<string, Promise<unknown>>();
  let stopped = false;

  async function rowsToWrite(): Promise<AsyncIterable<RowToWrite>> {
    const rows = reading.rows();
    return (async function* () {
      for await (const row of rows) {
        if (stopped) return;
        const bytes = row.cells.reduce((sum, cell) => sum + cell.length, 0);
        yield { ...toAppend(row), row: row.row, bytes };
      }
    })();
  }

  async function send({ stream, event, options: rowOptions, row }: RowToWrite): Promise<RowOutcome> {
    if (stopped || signal.aborted) return { kind: "not-sent" };
    try {
      const receipt = await ledger.append(stream, event, { ...rowOptions, commandId: `import/${digest}/${row}` });
      return { kind: receipt.duplicate ? "already-there" : "added" };
    } catch (failure) {
      stopped = true;
      return { failure, row };
    }
  }

  function sendInOrder(row: RowToWrite): Promise<RowOutcome> {
    const before = streams.get(row.stream);
    const sent = before === undefined ? send(row) : before.then(() => send(row));
    streams.set(row.stream, sent);
    void sent.then(() => {
      if (streams.get(row.stream) === sent) streams.delete(row.stream);
    });
    return sent;
  }

  const written = { added: 0, alreadyThere: 0 };
  let failed: { failure: unknown; row: number } | undefined;
  const limits = {
    maxItems: MAX_ROWS_IN_FLIGHT,
    maxBytes: MAX_BYTES_IN_FLIGHT,
    bytesOf: (row: RowToWrite) => row.bytes,
  };
  for await (const outcome of keepInFlight(await rowsToWrite(), sendInOrder, limits)) {
    if ("failure" in outcome) failed ??= outcome;
    else if (outcome.kind === "added") written.added += 1;
    else if (outcome.kind === "already-there") written.alreadyThere += 1;
    onProgress(written.added + written.alreadyThere);
  }
  signal.throwIfAborted();
  if (failed !== undefined) throw describeFailure(path, failed, written);
  // The rows that were checked must be the rows that were written.
  if (reading.digest() !== digest)
    throw new LedgerError("invalid-argument", `${path} was changed while it was imported: ${told(written)}`, {
      values: { file: path, ...written },
    });
  return written;
}

function describeFailure(
  path: string,
  { failure, row }: { failure: unknown; row: number },
  written: WrittenRows,
): unknown {
  if (!(failure instanceof LedgerError)) return failure;
  const why =
    failure.code === "command-id-reused"
      ? "was imported before with another map: its rows stand as they were mapped then"
      : `row ${row}: ${failure.message}`;
  return new LedgerError(failure.code, `${path}: ${why}: ${told(written)}`, {
    values: { ...failure.values, file: path, row, ...written },
    cause: failure,
    retryable: failure.retryable,
  });
}

function told({ added, alreadyThere }: WrittenRows): string {
  return `${added} rows were added and ${alreadyThere} were there; running it again adds those that are missing`;
}
