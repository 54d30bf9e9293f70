import { LedgerError } from "@eventchain/core";
import type { SourceTable, TableSource } from "../sources/types.ts";
import { columnsOf, parseTemplate, type Template } from "./expand-template.ts";
import { eventTypes } from "./map-schema.ts";
import {
  type CrudHistory,
  type CrudMap,
  type CrudTable,
  type RowEventTypes,
  type TimeColumn,
  timeColumn,
} from "./types.ts";

/** A table of the map, fitted to the source. */
export interface FittedTable {
  readonly name: string;
  readonly types: RowEventTypes;
  readonly key: readonly string[];
  /** The columns that events hold. */
  readonly values: readonly string[];
  readonly digest: ReadonlySet<string>;
  readonly stream: Template;
  readonly tags: readonly Template[];
  readonly time: TimeColumn | undefined;
  readonly actor: string | undefined;
  readonly timeZone: string | undefined;
  readonly deleted: "record" | "ignore" | undefined;
  readonly history: FittedHistory | undefined;
  /** Where its rows, or the history of its rows, are read from, and all the columns that are read. */
  readonly from: { readonly table: string; readonly columns: readonly string[]; readonly rows: bigint };
  /** The table that the replay must equal, where that is not the one of the history. */
  readonly live: SourceTable | undefined;
}

interface FittedHistory {
  readonly order: readonly string[];
  /** Whether the map named no order, so that the times give it. */
  readonly byTime: boolean;
  readonly operation: CrudHistory["operation"];
}

/**
 * Fits a map to the tables of a source. Errors: LedgerError `config-invalid`, which names the map's path, for a table or
 * column that the source has not, a table without a key, a stream that is not made of the key.
 */
export async function fitCrudMap(map: CrudMap, source: TableSource): Promise<readonly FittedTable[]> {
  const tables = await source.tables();
  return map.tables.map((table, index) => fitTable(table, tables, { path: `tables.${index}`, source, map }));
}

/** The source's tables that the map does not name. */
export async function tablesLeftOut(map: CrudMap, source: TableSource): Promise<readonly string[]> {
  const named = new Set(map.tables.flatMap(({ name, history }) => [name, history?.table ?? name]));
  return (await source.tables()).map(({ name }) => name).filter((name) => !named.has(name));
}

interface Place {
  readonly path: string;
  readonly source: TableSource;
  readonly map: CrudMap;
}

function fitTable(table: CrudTable, tables: readonly SourceTable[], { path, source, map }: Place): FittedTable {
  const { history, tags: tagTexts = [], leaveOut = [], digest = [] } = table;
  const ofHistory = history?.table !== undefined && history.table !== table.name;
  const live = find(tables, table.name, `${path}.name`);
  const from = ofHistory ? find(tables, history.table ?? "", `${path}.history.table`) : live;
  const key = table.key ?? live.key;
  if (key.length === 0)
    throw invalid(
      `${path}.key`,
      `is missing, and ${table.name} has no primary key: name columns that tell its rows apart`,
    );
  const order = history?.order ?? (source.ordered || history === undefined ? [] : [timeColumn(history.at)]);
  // What a history says of the change is no part of the row, unless it is the row's key.
  const ofChange = new Set([
    history && timeColumn(history.at),
    history?.actor,
    history?.operation?.column,
    ...(history?.order ?? []),
  ]);
  const columns = ofHistory
    ? live.columns
    : from.columns.filter((column) => !ofChange.has(column) || key.includes(column));
  const stream = parseTemplate(table.stream ?? defaultStream(table.name, key), `${path}.stream`);
  const tags = tagTexts.map((tag, at) => parseTemplate(tag, `${path}.tags.${at}`));
  const time = history?.at ?? table.time;
  const actor = history?.actor ?? table.actor;
  const values = columns.filter((column) => !leaveOut.includes(column));
  const read: [string, readonly (string | undefined)[]][] = [
    ["key", key],
    ["name", values],
    ["stream", columnsOf(stream)],
    ["tags", tags.flatMap(columnsOf)],
    ["digest", digest],
    ["leaveOut", leaveOut],
    [history === undefined ? "time" : "history.at", [time && timeColumn(time)]],
    [history === undefined ? "actor" : "history.actor", [actor]],
    ["history.order", order],
    ["history.operation.column", [history?.operation?.column]],
  ];
  for (const [field, names] of read) checkColumns(from, names, `${path}.${field}`);
  const foreign = columnsOf(stream).find((column) => !key.includes(column));
  if (foreign !== undefined)
    throw invalid(`${path}.stream`, `takes column ${JSON.stringify(foreign)}, which is no part of the key`);
  if (source.identity.kind !== "csv" && table.null !== undefined)
    throw invalid(`${path}.null`, "is for CSV files: a database has its own NULL");
  const all = read.flatMap(([field, names]) => (field === "leaveOut" ? [] : names));
  return {
    name: table.name,
    types: eventTypes(table),
    key,
    values,
    digest: new Set(digest),
    stream,
    tags,
    time,
    actor,
    timeZone: map.timeZone,
    deleted: table.deleted,
    history: history && { order, byTime: history.order === undefined && !source.ordered, operation: history.operation },
    from: { table: from.name, columns: [...new Set(all)].filter((column) => column !== undefined), rows: from.rows },
    live: ofHistory ? live : undefined,
  };
}

/** `orders-{id}`, with a table's own braces doubled. */
export function defaultStream(table: string, key: readonly string[]): string {
  return `${table.replace(/[{}]/g, "$&$&")}-${key.map((column) => `{${column}}`).join("-")}`;
}

function find(tables: readonly SourceTable[], name: string, path: string): SourceTable {
  const found = tables.find((table) => table.name === name);
  if (found !== undefined) return found;
  const names = tables.map((table) => JSON.stringify(table.name)).join(", ");
  throw invalid(path, `is ${JSON.stringify(name)}, which the source does not have: it has ${names || "no tables"}`);
}

function checkColumns(table: SourceTable, columns: readonly (string | undefined)[], path: string): void {
  const missing = columns.find((column) => column !== undefined && !table.columns.includes(column));
  if (missing === undefined) return;
  const has = table.columns.map((column) => JSON.stringify(column)).join(", ");
  throw invalid(path, `takes column ${JSON.stringify(missing)}, which ${table.name} does not have: it has ${has}`);
}

function invalid(path: string, problem: string): LedgerError {
  return new LedgerError("config-invalid", `${path} ${problem}`, { values: { path } });
}
