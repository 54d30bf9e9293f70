import type { TableComparison } from "./compare-rows.ts";
import type { PlannedRow } from "./plan-table.ts";

/** How many bad rows and differences are named. */
export const MAX_NAMED_ROWS = 20;

/** A row that cannot be recorded. */
export interface BadRow {
  readonly row: string;
  readonly message: string;
}

/** What an import found to do with a table, and did; of a dry run, what it would do. */
export interface TableCounts {
  readonly table: string;
  /** Rows of the source; of a history, its changes. */
  rows: number;
  created: number;
  changed: number;
  deleted: number;
  /** Changes of a history that changed no field. */
  noOp: number;
  /** Rows as the ledger has them; of a history, changes that it has. */
  alreadyThere: number;
  /** Rows that the source has no longer, ignored as the map says. */
  kept: number;
  /** Rows passed over, since what the ledger had of them was erased. */
  erased: number;
  /** Of the events' data. */
  bytes: number;
  seconds: number;
}

export interface ImportReport {
  /** The source, without secrets. */
  readonly source: Readonly<Record<string, string>>;
  /** None where rows were only compared. */
  readonly tables: readonly TableCounts[];
  /** Tables of the source that the map does not name. */
  readonly leftOut: readonly string[];
  /** Events that this run wrote. What it found to write, another import may have written in the meantime. */
  readonly added: number;
  /** Of the last event that was read of the ledger. */
  readonly position: bigint;
  readonly dryRun: boolean;
  /** Undefined where nothing was compared. */
  readonly compared: TableComparison | undefined;
}

export function newCounts(table: string): TableCounts {
  const none = { rows: 0, created: 0, changed: 0, deleted: 0, noOp: 0, alreadyThere: 0, kept: 0, erased: 0 };
  return { table, ...none, bytes: 0, seconds: 0 };
}

/** Counts what becomes of a row. */
export function countRow(counts: TableCounts, planned: Exclude<PlannedRow, { kind: "bad" }>): void {
  if (planned.kind === "no-op") counts.noOp += 1;
  else if (planned.kind === "there") counts.alreadyThere += 1;
  else if (planned.kind === "erased") counts.erased += 1;
  else {
    counts[planned.kind] += 1;
    counts.bytes += planned.bytes;
  }
}
