import { type CsvReading, type CsvRow, readRows } from "@eventchain/crud";
import { fitMap, type MappedRow, RowError, type RowMapper } from "./map-row.ts";
import type { CsvMap } from "./read-map.ts";

/** A row that cannot be recorded. */
interface BadRow {
  readonly row: number;
  readonly line: number;
  readonly column: string | null;
  readonly message: string;
}

/** What the first reading of a file found. */
export interface CheckedFile {
  /** SHA-256 of the file's bytes, uncompressed, in hex. */
  readonly digest: string;
  readonly rows: number;
  /** How many rows are bad, and the first of them. */
  readonly bad: number;
  readonly firstBad: readonly BadRow[];
}

/** How many bad rows are named. */
export const MAX_NAMED_ROWS = 20;

/** Reads a file from end to end and checks every row as an append would; writes nothing. */
export async function checkRows(
  path: string,
  map: CsvMap,
  options: { signal: AbortSignal; onProgress: (bytesRead: bigint, fileBytes: bigint) => void },
): Promise<CheckedFile> {
  const reading = await readRows(path, options.signal);
  const { header, toAppend } = await fit(reading, map);
  const firstBad: BadRow[] = [];
  let rows = 0;
  let bad = 0;
  for await (const row of reading.rows()) {
    rows += 1;
    const problem = checkRow(row, header, toAppend);
    if (problem !== undefined) {
      bad += 1;
      if (firstBad.length < MAX_NAMED_ROWS) firstBad.push(problem);
    }
    if (rows % 1000 === 0) options.onProgress(reading.bytesRead(), reading.fileBytes);
  }
  return { digest: reading.digest(), rows, bad, firstBad };
}

/** Reads the file's header and fits the map to it. */
export async function fit(
  reading: CsvReading,
  map: CsvMap,
): Promise<{ header: readonly string[]; toAppend: RowMapper }> {
  try {
    const header = await reading.header();
    return { header, toAppend: fitMap(map, header) };
  } catch (error) {
    reading.close();
    throw error;
  }
}

function checkRow(row: CsvRow, header: readonly string[], toAppend: RowMapper): BadRow | undefined {
  const { line, cells } = row;
  const at = { row: row.row, line };
  if (cells.length !== header.length)
    return { ...at, column: null, message: `has ${cells.length} cells, where the header has ${header.length}` };
  try {
    toAppend(row) satisfies MappedRow;
    return undefined;
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    return { ...at, column: error.column ?? null, message: error.message };
  }
}
