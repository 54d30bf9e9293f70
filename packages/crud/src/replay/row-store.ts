import type { DatabaseSync } from "node:sqlite";
import type { RowImage } from "../rows/diff-rows.ts";
import { loadSqlite } from "../sources/load-sqlite.ts";

/** A row as the ledger has it. */
export interface LedgerRow {
  readonly table: number;
  readonly stream: string;
  /** The key's canonical text; null where each event that told it is erased. */
  readonly key: string | null;
  readonly image: RowImage;
  /** How many events of an import it has. */
  readonly events: number;
  /** Whether an event that its image would need is erased: then nobody knows the image. */
  readonly erased: boolean;
}

/**
 * The rows of a ledger, in a temporary database on disk: there may be more than memory holds. Beside them, the digests of
 * the events of histories, and the streams that one pass over a source has seen.
 */
export interface RowStore {
  find(stream: string): LedgerRow | undefined;
  /** The row of a table with that key, whatever its stream. */
  findKey(table: number, key: string): LedgerRow | undefined;
  put(row: LedgerRow): void;
  /** Keeps the digest of an entity's event, by the event's number from 1 on: `digestChange` makes it. */
  putDigest(stream: string, event: number, digest: string): void;
  /** Undefined where none was kept: the event is erased, or not there. */
  digest(stream: string, event: number): string | undefined;
  /** A table's rows that are there and whose image is known, or all of them; in no order. */
  rows(table: number): IterableIterator<LedgerRow>;
  /** Forgets what was seen. */
  beginPass(): void;
  /** Marks a stream as seen; false where it was already. */
  see(stream: string): boolean;
  /** The rows of a table that are there, and whose stream was not seen. */
  unseen(table: number): IterableIterator<LedgerRow>;
  /** How many rows of a table were deleted before, and their stream was not seen. */
  unseenDeleted(table: number): number;
  close(): void;
}

const COLUMNS = "tbl, stream, key, image, events, erased";

/** Opens an empty one, which is gone when it is closed. */
export function openRowStore(): RowStore {
  const { DatabaseSync } = loadSqlite();
  const database = new DatabaseSync("");
  database.exec(`
    pragma journal_mode = off;
    create table rows (stream text primary key, tbl integer, key text, image text, events integer, erased integer) without rowid;
    create index rows_by_key on rows (tbl, key);
    create table digests (stream text, event integer, digest text, primary key (stream, event)) without rowid;
    create table seen (stream text primary key) without rowid;
    begin`);
  return useDatabase(database);
}

function useDatabase(database: DatabaseSync): RowStore {
  const byStream = database.prepare(`select ${COLUMNS} from rows where stream = ?`);
  const byKey = database.prepare(`select ${COLUMNS} from rows where tbl = ? and key = ? limit 1`);
  const put = database.prepare(`insert or replace into rows (${COLUMNS}) values (?, ?, ?, ?, ?, ?)`);
  const putDigest = database.prepare("insert or replace into digests (stream, event, digest) values (?, ?, ?)");
  const digest = database.prepare("select digest from digests where stream = ? and event = ?");
  const see = database.prepare("insert or ignore into seen (stream) values (?)");
  const unseenDeleted = database.prepare(
    "select count(*) as count from rows where tbl = ? and image is null and erased = 0 and stream not in (select stream from seen)",
  );
  const select = (rest: string): string => `select ${COLUMNS} from rows where tbl = ? ${rest}`;
  const found = (row: Record<string, unknown> | undefined): LedgerRow | undefined => row && toRow(row);
  return {
    find: (stream) => found(byStream.get(stream)),
    findKey: (table, key) => found(byKey.get(table, key)),
    put: ({ table, stream, key, image, events, erased }) => {
      put.run(table, stream, key, image === null ? null : JSON.stringify(image), events, erased ? 1 : 0);
    },
    putDigest: (stream, event, text) => {
      putDigest.run(stream, event, text);
    },
    digest: (stream, event) => digest.get(stream, event)?.digest as string | undefined,
    rows: (table) => each(database, select("and (image is not null or erased = 1)"), table),
    beginPass: () => database.exec("delete from seen"),
    see: (stream) => see.run(stream).changes !== 0,
    unseen: (table) =>
      each(database, select("and image is not null and stream not in (select stream from seen)"), table),
    unseenDeleted: (table) => Number(unseenDeleted.get(table)?.count),
    close: () => database.close(),
  };
}

function* each(database: DatabaseSync, sql: string, table: number): Generator<LedgerRow> {
  for (const row of database.prepare(sql).iterate(table)) yield toRow(row);
}

function toRow({ tbl, stream, key, image, events, erased }: Record<string, unknown>): LedgerRow {
  return {
    table: Number(tbl),
    stream: String(stream),
    key: key === null ? null : String(key),
    image: image === null ? null : (JSON.parse(String(image)) as RowImage),
    events: Number(events),
    erased: erased === 1,
  };
}
