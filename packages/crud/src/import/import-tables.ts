import { setImmediate } from "node:timers/promises";
import { LedgerError } from "@eventchain/core";
import type { Ledger } from "@eventchain/ledger";
import { type FittedTable, fitCrudMap, tablesLeftOut } from "../map/fit-map.ts";
import type { CrudMap } from "../map/types.ts";
import { replayInto } from "../replay/replay-rows.ts";
import { openRowStore, type RowStore } from "../replay/row-store.ts";
import type { TableSource } from "../sources/types.ts";
import { compareTable } from "./compare-rows.ts";
import { type BadPlan, type PlannedEvent, type PlannedRow, planDeletions, planTable } from "./plan-table.ts";
import { type BadRow, countRow, type ImportReport, MAX_NAMED_ROWS, newCounts, type TableCounts } from "./report.ts";
import { sendInOrder } from "./send-in-order.ts";
import { watchPlaces } from "./watch-places.ts";

/** After so many, what waits gets its turn: Ctrl-C, and the progress that is shown. */
const ROWS_PER_BREATH = 1000;

/** What an import is doing: how much of a stage is done, in rows or events. A total of 0 is not known. */
export type ImportStage = "replaying" | "checking" | "writing" | "comparing";

export interface ImportOptions {
  /** Where the events go. Undefined: nowhere, as into a ledger without events; for a dry run only. */
  readonly ledger?: Pick<Ledger, "append" | "readAll"> | undefined;
  readonly source: TableSource;
  readonly map: CrudMap;
  /** Checks every row, tells what would be written, and writes nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Whether the replay is compared with the source: after the import, instead of it, or not. Default "after". */
  readonly compare?: "after" | "only" | "never" | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((stage: ImportStage, done: number, total: number) => void) | undefined;
}

interface Run {
  readonly options: ImportOptions;
  readonly tables: readonly FittedTable[];
  readonly store: RowStore;
  readonly counts: readonly TableCounts[];
  /** Of all tables. */
  readonly rows: number;
}

/**
 * Records the rows of tables as events, or what became of them since the last import.
 *
 * 1. What the ledger has of the tables is replayed to rows.
 * 2. Every row of the source is checked and compared with that. Nothing is written if one is bad.
 * 3. The events that the ledger lacks are written, each under a command id of its own, an entity's in their order. After a
 *    crash here a part of them stands; the same call finds it in step 1 and writes the rest.
 * 4. What was written is replayed too, and the rows compared with the source's.
 *
 * Errors: LedgerError `config-invalid` for a map that does not fit; `invalid-argument` for bad rows (values `bad`,
 * `badRows`: the first of them), and for rows that are gone where the map does not say what becomes of them;
 * `command-id-reused` where another import has just written other events of the same rows; what `append` fails with.
 */
export async function importTables(options: ImportOptions): Promise<ImportReport> {
  const { source, map, ledger, signal, compare = "after", dryRun = false } = options;
  const tables = await fitCrudMap(map, source);
  const store = openRowStore();
  try {
    const counts = tables.map(({ name }) => newCounts(name));
    const rows = tables.reduce((sum, { from }) => sum + Number(from.rows), 0);
    const run: Run = { options, tables, store, counts, rows };
    let position = await replay(run, 0n);
    let added = 0;
    if (compare !== "only") {
      await checkRows(run);
      if (!dryRun && ledger !== undefined) {
        added = await writeEvents(run, ledger);
        position = await replay(run, position);
      }
    }
    const compared = compare === "never" || dryRun ? undefined : await compareTables(run);
    signal.throwIfAborted();
    for (const count of counts) count.seconds = Math.round(count.seconds * 1000) / 1000;
    const report = {
      source: source.identity,
      tables: compare === "only" ? [] : counts,
      leftOut: await tablesLeftOut(map, source),
      added,
      position,
    };
    return { ...report, dryRun, compared };
  } finally {
    store.close();
  }
}

async function replay({ options, store }: Run, after: bigint): Promise<bigint> {
  const { ledger, map, signal, onProgress } = options;
  if (ledger === undefined) return after;
  let done = 0;
  const onEvent = (): void => {
    done += 1;
    if (done % ROWS_PER_BREATH === 0) onProgress?.("replaying", done, 0);
  };
  return replayInto(store, ledger, map, { after, signal, onEvent });
}

async function checkRows({ options, tables, store, counts, rows }: Run): Promise<void> {
  const { source, ledger, signal, onProgress } = options;
  const firstBad: BadRow[] = [];
  let refused: LedgerError | undefined;
  let bad = 0;
  let done = 0;
  const refuse = ({ row, message }: BadPlan): void => {
    bad += 1;
    if (firstBad.length < MAX_NAMED_ROWS) firstBad.push({ row, message });
  };
  store.beginPass();
  for (const [index, table] of tables.entries()) {
    const count = counts[index] ?? newCounts(table.name);
    const startedMs = performance.now();
    const places = watchPlaces(ledger, table, signal);
    const take = async (planned: PlannedRow): Promise<void> => {
      signal.throwIfAborted();
      if (planned.kind === "bad") return refuse(planned);
      countRow(count, planned);
      if ("event" in planned) for (const each of await places.add(planned)) refuse(each);
    };
    for await (const planned of planTable({ source, store, index }, table)) {
      await take(planned);
      count.rows += 1;
      done += 1;
      if (done % ROWS_PER_BREATH === 0) {
        onProgress?.("checking", done, rows);
        await setImmediate();
      }
    }
    if (table.deleted !== "record") for (const _ of store.unseen(index)) count.kept += 1;
    // The history of an entity that was deleted is a part of the history too.
    const gone = count.kept + (table.history === undefined ? 0 : store.unseenDeleted(index));
    if (table.deleted === undefined && gone > 0) refused ??= refuseGone(table, gone);
    if (table.deleted === "record")
      for (const planned of planDeletions({ source, store, index }, table)) await take(planned);
    for (const each of await places.end()) refuse(each);
    count.seconds += (performance.now() - startedMs) / 1000;
  }
  if (bad > 0) throw refuseBad(bad, firstBad);
  if (refused !== undefined) throw refused;
}

/** Gives how many events were added: those that the ledger had by then are another import's. */
async function writeEvents({ options, tables, store, counts }: Run, ledger: Pick<Ledger, "append">): Promise<number> {
  const { source, signal, onProgress } = options;
  const total = counts.reduce((sum, { created, changed, deleted }) => sum + created + changed + deleted, 0);
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  let done = 0;
  let added = 0;
  for (const [index, table] of tables.entries()) {
    const startedMs = performance.now();
    const send = async ({ stream, event, options: eventOptions, row }: PlannedEvent): Promise<void> => {
      try {
        const { duplicate } = await ledger.append(stream, event, { ...eventOptions, signal: stopped });
        if (!duplicate) added += 1;
      } catch (error) {
        // What waits for its group when another fails, or at Ctrl-C, is given up before it is sent: an entity's events stand in order.
        if (stopped.aborted && error instanceof LedgerError && error.code === "aborted") return;
        stop.abort();
        throw describeFailure(error, row, added);
      }
      done += 1;
      if (done % 100 === 0) onProgress?.("writing", done, total);
    };
    // The streams were marked in the pass before; that they come a second time is right here.
    store.beginPass();
    await sendInOrder(eventsOf({ source, store, index }, table), send);
    signal.throwIfAborted();
    const count = counts[index];
    if (count !== undefined) count.seconds += (performance.now() - startedMs) / 1000;
  }
  return added;
}

async function* eventsOf(
  deps: { source: TableSource; store: RowStore; index: number },
  table: FittedTable,
): AsyncGenerator<PlannedEvent> {
  let rows = 0;
  for await (const planned of planTable(deps, table)) {
    if ("event" in planned) yield planned;
    rows += 1;
    if (rows % ROWS_PER_BREATH === 0) await setImmediate();
  }
  if (table.deleted !== "record") return;
  for (const planned of planDeletions(deps, table)) if ("event" in planned) yield planned;
}

async function compareTables({ options, tables, store, rows }: Run): Promise<ImportReport["compared"]> {
  const { source, signal, onProgress } = options;
  const found = { rows: 0, different: 0, kept: 0, erased: 0 };
  const first = [];
  let done = 0;
  const onRow = async (): Promise<void> => {
    signal.throwIfAborted();
    done += 1;
    if (done % ROWS_PER_BREATH !== 0) return;
    onProgress?.("comparing", done, rows);
    await setImmediate();
  };
  for (const [index, table] of tables.entries()) {
    // Where something was imported just now, each change was compared before.
    const changes = options.compare === "only";
    const compared = await compareTable({ source, store, index }, table, { changes, onRow });
    for (const key of ["rows", "different", "kept", "erased"] as const) found[key] += compared[key];
    first.push(...compared.first);
  }
  return { ...found, first: first.slice(0, MAX_NAMED_ROWS) };
}

function refuseGone({ name, history }: FittedTable, gone: number): LedgerError {
  const choices = history === undefined ? '"record" or "ignore"' : '"ignore"';
  const what = history === undefined ? "rows" : "rows, with their history,";
  const message = `${gone} ${what} of ${name} are in the ledger and no longer in the source, so nothing was written: say in the map what becomes of them, "deleted": ${choices}`;
  return new LedgerError("invalid-argument", message, { values: { table: name, gone } });
}

function refuseBad(bad: number, badRows: readonly BadRow[]): LedgerError {
  const message = `${bad} rows cannot be recorded, so nothing was written: correct the rows or the map`;
  return new LedgerError("invalid-argument", message, { values: { bad, badRows } });
}

function describeFailure(error: unknown, row: string, written: number): unknown {
  if (!(error instanceof LedgerError)) return error;
  const why =
    error.code === "command-id-reused"
      ? "another import has written other events of this row meanwhile"
      : error.message;
  const message = `${row}: ${why}: ${written} events were written; running it again writes what is missing`;
  const { code, retryable, values } = error;
  return new LedgerError(code, message, { values: { ...values, row, written }, cause: error, retryable });
}
