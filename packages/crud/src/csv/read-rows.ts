import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, Transform } from "node:stream";
import { createGunzip } from "node:zlib";
import { LedgerError } from "@eventchain/core";
import { CsvError, type Info, parse } from "csv-parse";
import { checkUtf8 } from "./check-utf8.ts";

/** One row of a CSV file. */
export interface CsvRow {
  /** 1, 2, 3 … below the header. */
  readonly row: number;
  /** The file's line that it ends in. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A CSV file that is being read. */
export interface CsvReading {
  /** Of the file as it lies there, compressed or not. */
  readonly fileBytes: bigint;
  /** Of those, how many have been read. */
  bytesRead(): bigint;
  /** The column names. */
  header(): Promise<readonly string[]>;
  /** The rows after the header, each with as many cells as it has, in one pass. */
  rows(): AsyncGenerator<CsvRow>;
  /** SHA-256 of the bytes, uncompressed, in hex; known once all rows have been read. */
  digest(): string;
  /** Lets the file go; done already by whoever has ended the rows. */
  close(): void;
}

/** A row is held whole. */
const MAX_ROW_CHARACTERS = 8 * 2 ** 20;

/**
 * Reads a CSV file (RFC 4180 with `,` and `"`; a byte order mark is passed over) as it streams by; gunzips one whose name
 * ends with `.gz`. Any trouble with it is a LedgerError `invalid-argument` that names the file.
 */
export async function readRows(path: string, signal: AbortSignal): Promise<CsvReading> {
  const { size } = await inFile(path, async () => {
    const found = await stat(path);
    if (!found.isFile()) throw new Error("it is not a file");
    return found;
  });
  const hash = createHash("sha256");
  let bytesRead = 0;
  const counted = tap((chunk) => (bytesRead += chunk.length));
  // The same content is the same file, compressed or not.
  const hashed = tap((chunk) => hash.update(chunk));
  const parser = parse({
    bom: true,
    record_delimiter: ["\r\n", "\n"],
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
  });
  const source = createReadStream(path, { signal });
  // What fails in any of the streams destroys the parser with its error, and so reaches whoever reads the rows.
  const ended = (): void => undefined;
  if (/\.gz$/i.test(path)) pipeline(source, counted, createGunzip(), hashed, checkUtf8(), parser, ended);
  else pipeline(source, counted, hashed, checkUtf8(), parser, ended);
  const records = (parser as AsyncIterable<CsvRecord>)[Symbol.asyncIterator]();
  const next = (): Promise<IteratorResult<CsvRecord>> => inFile(path, () => records.next());

  const close = (): void => {
    source.destroy();
    parser.destroy();
  };

  return {
    fileBytes: BigInt(size),
    bytesRead: () => BigInt(bytesRead),
    header: async () => {
      const first = await next();
      if (first.done === true)
        throw new LedgerError("invalid-argument", `${path} is empty: its first line names the columns`, {
          values: { file: path },
        });
      return checkHeader(path, first.value.record);
    },
    rows: async function* () {
      try {
        for (let row = 1; ; row++) {
          const read = await next();
          if (read.done === true) return;
          yield { row, line: read.value.info.lines, cells: read.value.record };
        }
      } finally {
        close();
      }
    },
    digest: () => hash.copy().digest("hex"),
    close,
  };
}

/** Shows each chunk that passes. */
function tap(show: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      show(chunk);
      done(null, chunk);
    },
  });
}

interface CsvRecord {
  readonly record: string[];
  readonly info: Info;
}

function checkHeader(path: string, header: readonly string[]): readonly string[] {
  const wrong = header.find((column, index) => column === "" || header.indexOf(column) !== index);
  if (wrong === undefined) return header;
  const why = wrong === "" ? "has a column without a name" : `names column ${JSON.stringify(wrong)} twice`;
  throw new LedgerError("invalid-argument", `the first line of ${path} ${why}`, { values: { file: path } });
}

async function inFile<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw describe(path, error);
  }
}

function describe(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name === "AbortError") return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: "there is no such file",
    EACCES: "it may not be read",
    Z_BUF_ERROR: "the compressed file is cut off",
    Z_DATA_ERROR: "it is not a gzip file, or a damaged one",
  };
  const said = error instanceof CsvError ? `it is not CSV: ${message}` : (known[code ?? ""] ?? message);
  const values = error instanceof LedgerError ? error.values : {};
  return new LedgerError("invalid-argument", `${path}: ${said}`, { values: { ...values, file: path }, cause: error });
}
