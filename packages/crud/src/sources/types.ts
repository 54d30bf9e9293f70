import type { SqlValue } from "../values/sql-value.ts";

/** A table of a source. */
export interface SourceTable {
  /** As the map calls it. */
  readonly name: string;
  readonly columns: readonly string[];
  /** Its primary key's columns; empty where it has none. */
  readonly key: readonly string[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly rows: bigint;
}

export interface ForeignKey {
  readonly columns: readonly string[];
  /** The table that they name a row of. */
  readonly table: string;
}

/** In what order rows come. */
export interface RowOrder {
  /** Rows of one key come together. */
  readonly key: readonly string[];
  /** Rows of one key come in the order of these. */
  readonly within: readonly string[];
}

/**
 * A database or file of tables, as it was at one moment: what is written to it later is not seen. Reads are one after the
 * other, and each in bounded memory.
 */
export interface TableSource extends AsyncDisposable {
  /** What it is, for each event's metadata: `kind`, and the file's SHA-256 or the database's name. Never a secret. */
  readonly identity: Readonly<Record<string, string>>;
  /** Whether rows of one key have an order of their own, as lines of a file have, where `within` names none. */
  readonly ordered: boolean;
  tables(): Promise<readonly SourceTable[]>;
  /** A table's rows, each a list of the values of `columns`. */
  rows(table: string, columns: readonly string[], order: RowOrder): AsyncIterable<readonly SqlValue[]>;
}
