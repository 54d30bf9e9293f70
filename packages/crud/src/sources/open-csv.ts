import { LedgerError } from "@eventchain/core";
import { type CsvReading, readRows } from "../csv/read-rows.ts";
import { readText } from "../values/read-text.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { loadSqlite } from "./load-sqlite.ts";
import type { RowOrder, SourceTable, TableSource } from "./types.ts";

/**
 * Reads a CSV file (its first line names the columns; `.gz` is unpacked) as one table. Each cell is text, but for the text
 * `nullText`, which is NULL. The rows are put into a temporary database on disk, which sorts them; nothing remains of it.
 * In `within`, numbers count as numbers, before text.
 * Errors: LedgerError `invalid-argument`: as `readRows` says; a row with more or fewer cells than the header, by its line.
 */
export async function openCsvSource(
  path: string,
  options: { table: string; nullText?: string | undefined; signal: AbortSignal },
): Promise<TableSource> {
  const { table, nullText, signal } = options;
  const { DatabaseSync } = loadSqlite();
  // A database without a name is a temporary file, which nobody else sees and which goes when it is closed.
  const database = new DatabaseSync("");
  database.exec("pragma journal_mode = off; begin; create table rows (cells text not null)");
  const insert = database.prepare("insert into rows (cells) values (?)");
  try {
    const reading = await readRows(path, signal);
    const header = await headerOf(reading);
    let rows = 0n;
    for await (const { cells, line } of reading.rows()) {
      if (cells.length !== header.length) throw misfit(path, line, cells.length, header.length);
      insert.run(JSON.stringify(cells));
      rows += 1n;
    }
    const listed: SourceTable = { name: table, columns: header, key: [], foreignKeys: [], rows };
    const toValue = (cell: string): SqlValue => (cell === nullText ? null : toText(cell));
    return {
      identity: { kind: "csv", digest: reading.digest() },
      ordered: true,
      tables: async () => [listed],
      rows: async function* (_table, columns, order) {
        const places = columns.map((column) => header.indexOf(column));
        const statement = database.prepare(`select cells from rows order by ${orderBy(header, order)}`);
        for (const { cells } of statement.iterate()) {
          const texts = JSON.parse(String(cells)) as string[];
          yield places.map((place) => toValue(texts[place] ?? ""));
        }
      },
      [Symbol.asyncDispose]: async () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

async function headerOf(reading: CsvReading): Promise<readonly string[]> {
  try {
    return await reading.header();
  } catch (error) {
    reading.close();
    throw error;
  }
}

function orderBy(header: readonly string[], { key, within }: RowOrder): string {
  const cell = (column: string): string => `json_extract(cells, '$[${header.indexOf(column)}]')`;
  return [
    ...key.map(cell),
    ...within.flatMap((column) => [`cast(${cell(column)} as real)`, cell(column)]),
    "rowid",
  ].join(", ");
}

function toText(cell: string): SqlValue {
  return cell.includes("\0") ? readText(Buffer.from(cell), "utf-8") : cell;
}

function misfit(path: string, line: number, cells: number, columns: number): LedgerError {
  const message = `${path}: the row that ends in line ${line} has ${cells} cells, where the header has ${columns}`;
  return new LedgerError("invalid-argument", message, { values: { file: path, line } });
}
