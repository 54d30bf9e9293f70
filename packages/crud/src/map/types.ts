/** What becomes of a source's tables, as the map's file says; which columns the source has is not known yet. */
export interface CrudMap {
  /** Of times that name no zone: "UTC", an offset such as "+02:00", or a zone such as "Europe/Berlin". Default: none. */
  readonly timeZone?: string | undefined;
  readonly tables: readonly CrudTable[];
}

/** What becomes of one table. A template is text with `{column}` in it; `{{` and `}}` stand for braces. */
export interface CrudTable {
  readonly name: string;
  /** Default: the source's primary key. */
  readonly key?: readonly string[] | undefined;
  /** A template of key columns. Default `<name>-{key}`, the columns of a composite key joined by "-". */
  readonly stream?: string | undefined;
  /** What its events' types begin with. Default: the table's name in Pascal case. */
  readonly entity?: string | undefined;
  /** Event types. Default `<entity>Imported` (with history `<entity>Created`), `<entity>Changed`, `<entity>Deleted`. */
  readonly types?: Partial<Readonly<Record<keyof RowEventTypes, string | undefined>>> | undefined;
  /** Templates; one with a column that is NULL or empty is left out. Default: none. */
  readonly tags?: readonly string[] | undefined;
  /** Columns that no event holds. Default: none. */
  readonly leaveOut?: readonly string[] | undefined;
  /** Columns of which events hold the SHA-256 and the length in bytes only. Default: none. */
  readonly digest?: readonly string[] | undefined;
  /** Becomes metadata.occurredAt, where it is not NULL; of a change, where the change wrote it. */
  readonly time?: TimeColumn | undefined;
  /** A column; becomes metadata.actor, where it is neither NULL nor empty; of a change, where the change wrote it. */
  readonly actor?: string | undefined;
  /** What becomes of rows that the ledger has and the source no longer. Default: such an import is refused. */
  readonly deleted?: "record" | "ignore" | undefined;
  /** The text that stands for NULL in a CSV file. Default: none does. */
  readonly null?: string | undefined;
  /** For a table with a row for each change, each of them the whole entity after it. */
  readonly history?: CrudHistory | undefined;
}

export interface CrudHistory {
  /** The table of the changes, where that is not the table itself: then the replay must equal the table. */
  readonly table?: string | undefined;
  /** Columns that put an entity's rows in order. Default: the column of `at`; of a CSV file, the file's own order. */
  readonly order?: readonly string[] | undefined;
  /** When the change was; becomes metadata.occurredAt. */
  readonly at: TimeColumn;
  /** A column: who made the change; becomes metadata.actor. */
  readonly actor?: string | undefined;
  /** A column that says what was done, and its values, one or several for each kind. Without it nothing was deleted. */
  readonly operation?:
    | {
        readonly column: string;
        readonly insert: string | readonly string[];
        readonly update: string | readonly string[];
        readonly delete: string | readonly string[];
      }
    | undefined;
}

/** A column of times. Where it holds numbers, `unit` says what they count since 1970-01-01 UTC. */
export type TimeColumn = string | { readonly column: string; readonly unit?: TimeUnit | undefined };
export type TimeUnit = "seconds" | "milliseconds" | "microseconds";

/** The event types of a table. */
export interface RowEventTypes {
  readonly created: string;
  readonly changed: string;
  readonly deleted: string;
}

/** The column's name. */
export function timeColumn(time: TimeColumn): string {
  return typeof time === "string" ? time : time.column;
}
