import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { DatabaseSync } from "node:sqlite";
import { LedgerError } from "@eventchain/core";
import { readText } from "../values/read-text.ts";
import type { SqlValue } from "../values/sql-value.ts";
import { loadSqlite, quoteName } from "./load-sqlite.ts";
import type { ForeignKey, RowOrder, SourceTable, TableSource } from "./types.ts";

const MAGIC = Buffer.from("SQLite format 3\0", "latin1");

/** Whether a file begins as a SQLite database does; false where there is no such file. */
export async function isSqliteFile(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
    return bytesRead === MAGIC.length && buffer.equals(MAGIC);
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

/**
 * Opens a SQLite file, read-only, in one transaction. Its tables are all but for SQLite's own, views and virtual ones; a table
 * without a primary key has its `rowid` as a column and a key. The identity's digest is the file's own, without what still
 * stands in its write-ahead log.
 * Errors: LedgerError `invalid-argument`, also while it is read, for a file that is no sound database.
 */
export async function openSqliteSource(path: string, signal: AbortSignal): Promise<TableSource> {
  const { DatabaseSync } = loadSqlite();
  const database = inFile(path, () => {
    const opened = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    // The transaction begins to see the file at its first read.
    opened.exec("begin; select count(*) from sqlite_schema");
    return opened;
  });
  try {
    const digest = await digestFile(path, signal);
    const encoding = inFile(path, () => String(database.prepare("pragma encoding").get()?.encoding));
    return {
      identity: { kind: "sqlite", digest },
      ordered: false,
      tables: async () => inFile(path, () => listTables(database)),
      rows: async function* (table, columns, order) {
        const selected = columns.map(selectExact).join(", ");
        const sql = `select ${selected} from ${quoteName(table)} order by ${orderBy(order)}`;
        const rows = inFile(path, () => iterate(database, sql));
        for (;;) {
          const next = inFile(path, () => rows.next());
          if (next.done === true) return;
          yield readRow(next.value, encoding);
        }
      },
      [Symbol.asyncDispose]: async () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function iterate(database: DatabaseSync, sql: string): Iterator<readonly unknown[]> {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  return statement.iterate() as Iterator<unknown> as Iterator<readonly unknown[]>;
}

/** Text comes as its bytes: what is not well formed, or has a U+0000 within, would not come whole else. */
function selectExact(column: string): string {
  const name = quoteName(column);
  return `typeof(${name}) = 'text', iif(typeof(${name}) = 'text', cast(${name} as blob), ${name})`;
}

function orderBy({ key, within }: RowOrder): string {
  return [...key, ...within].map((column) => `${quoteName(column)} collate binary`).join(", ");
}

function readRow(cells: readonly unknown[], encoding: string): SqlValue[] {
  const row: SqlValue[] = [];
  for (let at = 0; at < cells.length; at += 2) {
    const value = cells[at + 1] as SqlValue;
    row.push(cells[at] === 1n && value instanceof Uint8Array ? decodeText(value, encoding) : value);
  }
  return row;
}

function decodeText(bytes: Uint8Array, encoding: string): SqlValue {
  if (encoding === "UTF-8") return readText(bytes, "utf-8");
  if (encoding === "UTF-16le" || bytes.length % 2 !== 0) return readText(bytes, "utf-16le");
  return readText(Buffer.from(bytes).swap16(), "utf-16le");
}

function listTables(database: DatabaseSync): SourceTable[] {
  const listed = database
    .prepare(
      `select name, wr from pragma_table_list
       where schema = 'main' and type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`,
    )
    .all();
  return listed.map(({ name, wr }) => describeTable(database, String(name), wr === 0));
}

function describeTable(database: DatabaseSync, name: string, hasRowid: boolean): SourceTable {
  // Hidden columns of value 1 belong to virtual tables; 2 and 3 are generated ones.
  const info = database.prepare("select name, pk from pragma_table_xinfo(?) where hidden <> 1 order by cid").all(name);
  const columns = info.map((column) => String(column.name));
  const key = info
    .filter(({ pk }) => Number(pk) > 0)
    .sort((one, other) => Number(one.pk) - Number(other.pk))
    .map((column) => String(column.name));
  const byRowid = key.length === 0 && hasRowid && !columns.some((column) => column.toLowerCase() === "rowid");
  const counting = database.prepare(`select count(*) as rows from ${quoteName(name)}`);
  counting.setReadBigInts(true);
  return {
    name,
    columns: byRowid ? ["rowid", ...columns] : columns,
    key: byRowid ? ["rowid"] : key,
    foreignKeys: listForeignKeys(database, name),
    rows: BigInt(String(counting.get()?.rows)),
  };
}

function listForeignKeys(database: DatabaseSync, table: string): ForeignKey[] {
  const found = new Map<string, { columns: string[]; table: string }>();
  const rows = database
    .prepare(`select id, "table", "from" from pragma_foreign_key_list(?) order by id, seq`)
    .all(table);
  for (const { id, table: other, from } of rows) {
    const foreignKey = found.get(String(id)) ?? { columns: [], table: String(other) };
    foreignKey.columns.push(String(from));
    found.set(String(id), foreignKey);
  }
  return [...found.values()];
}

async function digestFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  } catch (error) {
    signal.throwIfAborted();
    throw describe(path, error);
  }
  return hash.digest("hex");
}

function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw describe(path, error);
  }
}

function describe(path: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return new LedgerError("invalid-argument", `${path}: ${error.message}`, { values: { file: path }, cause: error });
}
