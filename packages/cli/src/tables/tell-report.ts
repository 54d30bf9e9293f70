import { LedgerError } from "@eventchain/core";
import type { BadRow, ImportReport, TableCounts } from "@eventchain/crud";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";

/** A report in words. */
export function tellReport({ tables, leftOut, added, dryRun, compared }: ImportReport): string {
  const found = tables.reduce((sum, { created, changed, deleted }) => sum + created + changed + deleted, 0);
  const lines = tables.map((table) => showText(tellTable(table)));
  if (leftOut.length > 0) lines.push(showText(`not in the map, and left out: ${leftOut.join(", ")}`));
  if (dryRun) lines.push(`every row is good; ${found} events would be added, nothing was written`);
  else if (tables.length > 0) lines.push(tellAdded(added, found));
  if (compared !== undefined) lines.push(tellComparison(compared));
  return lines.join("\n");
}

function tellAdded(added: number, found: number): string {
  const others = added < found ? `, ${found - added} were added meanwhile by another import` : "";
  return `${added} events added${others}`;
}

/** Names the first rows that differ, on standard error. */
export function noteDifferences(context: CommandContext, { compared }: ImportReport): void {
  for (const { table, row, column, source, ledger } of compared?.first ?? []) {
    const where = column === null ? "" : `, column ${JSON.stringify(column)}`;
    context.output.note(
      showText(`${table} ${row}${where}: the source has ${source}, the ledger's events give ${ledger}`),
    );
  }
}

/** Names the first rows that could not be recorded, on standard error. */
export function noteBadRows(context: CommandContext, error: unknown): void {
  if (!(error instanceof LedgerError)) return;
  const { badRows, bad } = error.values as { badRows?: readonly BadRow[]; bad?: number };
  if (badRows === undefined || bad === undefined) return;
  for (const { row, message } of badRows) context.output.note(showText(`${row} ${message}`));
  if (bad > badRows.length) context.output.note(`and ${bad - badRows.length} more`);
}

function tellTable(counts: TableCounts): string {
  const { table, rows, created, changed, deleted, noOp, alreadyThere, kept, erased, bytes, seconds } = counts;
  const more = [
    ...(kept === 0 ? [] : [`${kept} gone from the source and kept`]),
    ...(erased === 0 ? [] : [`${erased} erased and passed over`]),
  ].map((each) => `, ${each}`);
  const became = `${created} created, ${changed} changed, ${deleted} deleted, ${noOp} no-op, ${alreadyThere} already there`;
  return `${table}: ${rows} rows: ${became}${more.join("")} (${bytes} bytes, ${seconds.toFixed(2)} s)`;
}

function tellComparison({ rows, different, kept, erased }: NonNullable<ImportReport["compared"]>): string {
  const aside = kept + erased === 0 ? "" : ` (${kept} kept and ${erased} erased rows aside)`;
  if (different > 0) return `${different} rows differ between the source and what the ledger's events give${aside}`;
  return `the ledger's events give the very rows of the source: ${rows} compared${aside}`;
}
