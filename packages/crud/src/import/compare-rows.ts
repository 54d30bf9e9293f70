import type { FittedTable } from "../map/fit-map.ts";
import type { RowStore } from "../replay/row-store.ts";
import { isDeletion, type RowKey, readKey, readStream, readValues } from "../rows/read-row.ts";
import type { TableSource } from "../sources/types.ts";
import { decodeRow } from "../values/encode-value.ts";
import { classOf, type SqlRow, type SqlValue, sameValue } from "../values/sql-value.ts";
import { planTable } from "./plan-table.ts";

/** Where the replay is not what the source has. */
export interface RowDifference {
  readonly table: string;
  readonly row: string;
  /** Null where the whole row is missing on one side. */
  readonly column: string | null;
  readonly source: string;
  readonly ledger: string;
}

/** What a comparison of one table found. */
export interface TableComparison {
  readonly rows: number;
  /** Rows that differ, or that one side lacks. */
  readonly different: number;
  /** The first of them. */
  readonly first: readonly RowDifference[];
  /** Rows that the source has no longer, and that the map says to ignore. */
  readonly kept: number;
  /** Rows of which something is erased, so that nobody can compare them. */
  readonly erased: number;
}

/** How many differences of a table are named. */
const MAX_NAMED = 20;

/** A table's place in the map, and what it is compared with. */
interface CompareDeps {
  readonly source: TableSource;
  readonly store: RowStore;
  readonly index: number;
}

/**
 * Compares each row of a table with what the ledger's events give, by value and storage class; of a history, the last
 * image of each entity, or the rows of the table that it is the history of. With `changes`, each change of a history that
 * the ledger has is compared too: an entity of which one differs is a row that differs.
 */
export async function compareTable(
  deps: CompareDeps,
  table: FittedTable,
  { changes, onRow }: { changes: boolean; onRow: () => Promise<void> },
): Promise<TableComparison> {
  const { source, store, index } = deps;
  const first: RowDifference[] = [];
  const found = { rows: 0, different: 0, kept: 0, erased: 0 };
  const differ = (row: string, differences: readonly Omit<RowDifference, "table" | "row">[]): void => {
    found.different += 1;
    for (const each of differences) if (first.length < MAX_NAMED) first.push({ table: table.name, row, ...each });
  };
  const others = changes && table.history !== undefined ? await otherHistories(deps, table) : new Map<string, string>();
  for (const [stream, row] of others) {
    const ledger = `${store.find(stream)?.events} changes that are not how it begins`;
    differ(row, [{ column: null, source: "another history", ledger }]);
  }
  store.beginPass();
  for await (const { key, stream, row } of finalRows(source, table, onRow)) {
    store.see(stream);
    const stored = store.find(stream);
    if (stored?.erased === true) {
      found.erased += 1;
      continue;
    }
    const image = stored?.table === index ? stored.image : null;
    if (row === null && image === null) continue;
    found.rows += 1;
    const ledger = image === null ? null : decodeRow(image);
    const differences = row === null || ledger === null ? [onlyOne(row, ledger)] : compareValues(row, ledger);
    if (differences.length > 0 && !others.has(stream)) differ(key.shown, differences);
  }
  for (const { key, image } of store.unseen(index)) {
    if (table.deleted === "ignore") found.kept += 1;
    else differ(key ?? "", [onlyOne(null, decodeRow(image ?? {}))]);
  }
  return { ...found, first };
}

/** The entities whose history is not the one that was imported, by their streams; these are few, or the map is wrong. */
async function otherHistories(deps: CompareDeps, table: FittedTable): Promise<Map<string, string>> {
  const others = new Map<string, string>();
  deps.store.beginPass();
  for await (const planned of planTable(deps, table)) {
    if (planned.kind !== "bad" || planned.otherHistoryOf === undefined) continue;
    others.set(planned.otherHistoryOf, planned.row.slice(table.name.length + 1));
  }
  return others;
}

/** The last image of each entity, null where it was deleted. */
async function* finalRows(
  source: TableSource,
  table: FittedTable,
  onRow: () => Promise<void>,
): AsyncGenerator<{ key: RowKey; stream: string; row: SqlRow | null }> {
  const fromLive = table.live !== undefined;
  const columns = fromLive ? [...new Set([...table.key, ...table.values])] : table.from.columns;
  const order = { key: table.key, within: fromLive ? [] : (table.history?.order ?? []) };
  let last: { key: RowKey; row: SqlRow } | undefined;
  const finish = ({ key, row }: { key: RowKey; row: SqlRow }) => ({
    key,
    stream: readStream(table, row),
    row: !fromLive && isDeletion(table, row) ? null : readValues(table, row),
  });
  for await (const cells of source.rows(table.live?.name ?? table.from.table, columns, order)) {
    const row: SqlRow = new Map(columns.map((column, at) => [column, cells[at] ?? null]));
    const key = readKey(table, row);
    if (last !== undefined && last.key.text !== key.text) yield finish(last);
    last = { key, row };
    await onRow();
  }
  if (last !== undefined) yield finish(last);
}

function compareValues(source: SqlRow, ledger: SqlRow): Omit<RowDifference, "table" | "row">[] {
  const columns = new Set([...source.keys(), ...ledger.keys()]);
  return [...columns].flatMap((column) => {
    const [one, other] = [source.get(column), ledger.get(column)];
    if (one !== undefined && other !== undefined && sameValue(one, other)) return [];
    return [{ column, source: show(one), ledger: show(other) }];
  });
}

function onlyOne(source: SqlRow | null, ledger: SqlRow | null): Omit<RowDifference, "table" | "row"> {
  const told = (row: SqlRow | null): string => (row === null ? "no row" : "a row");
  return { column: null, source: told(source), ledger: told(ledger) };
}

function show(value: SqlValue | undefined): string {
  if (value === undefined) return "no such column";
  if (value === null) return "null";
  return `${classOf(value)} ${JSON.stringify(textOf(value).slice(0, 60))}`;
}

function textOf(value: NonNullable<SqlValue>): string {
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value.kind === "numeric") return value.text;
  if (value.kind === "digest") return `sha256 ${value.sha256.slice(0, 16)}… of a ${value.of} of ${value.bytes} bytes`;
  // Letters cannot show it.
  return `${value.bytes.length} bytes, in hex ${Buffer.from(value.bytes.subarray(0, 16)).toString("hex")}`;
}
