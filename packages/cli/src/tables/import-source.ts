import { basename } from "node:path";
import { LedgerError } from "@eventchain/core";
import {
  type CrudMap,
  draftCrudMap,
  type ImportStage,
  importTables,
  isCrudMap,
  isSqliteFile,
  openCsvSource,
  openPostgresSource,
  openSqliteSource,
  parseCrudMap,
  type TableSource,
} from "@eventchain/crud";
import { readMapAs } from "../csv/read-map.ts";
import type { ExitCode } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import type { Progress } from "../frame/progress.ts";
import { reachServer } from "../frame/reach-server.ts";
import { noteBadRows, noteDifferences, tellReport } from "./tell-report.ts";

/** One of the two: a SQLite or CSV file, or the variable that holds a database's URL. */
export interface SourceName {
  readonly file: string | undefined;
  readonly sourceEnv: string | undefined;
}

/** Whether a file with this map is for the import of tables: a SQLite file, or any with a map that has `tables`. */
export async function isForTables(file: string, map: string): Promise<boolean> {
  return (await isSqliteFile(file)) || (await readMapAs(map, isCrudMap));
}

/** Prints a map of every table of a source. */
export async function draftMap(context: CommandContext, name: SourceName): Promise<ExitCode> {
  await using source = await openSource(context, name, undefined);
  const draft = await draftCrudMap(source);
  await context.output.document(draft, () => JSON.stringify(draft, null, 2));
  return 0;
}

/** Imports tables as `importTables` says. Exit code 1 where the rows of the ledger are not those of the source then. */
export async function importSource(
  context: CommandContext,
  name: SourceName,
  options: { map: string; dryRun?: boolean; check?: boolean },
): Promise<ExitCode> {
  const map = await readMapAs(options.map, parseCrudMap);
  const dryRun = options.dryRun === true;
  // A ledger that is not there is said before a long file is read.
  const withLedger = !dryRun || (await context.settings.find("database")) !== undefined;
  const ledger = withLedger ? await context.ledger() : undefined;
  if (!withLedger) context.output.note("no database is named: checked as for a ledger without events");
  await using source = await openSource(context, name, map);
  const progress = showStages(context);
  try {
    const report = await importTables({
      ledger,
      source,
      map,
      dryRun,
      compare: options.check === undefined ? "after" : options.check ? "only" : "never",
      signal: context.signal,
      onProgress: progress.update,
    });
    progress.stop();
    if (!context.output.json) noteDifferences(context, report);
    await context.output.document(report, tellReport);
    return (report.compared?.different ?? 0) > 0 ? 1 : 0;
  } catch (error) {
    progress.stop();
    if (!context.output.json) noteBadRows(context, error);
    throw error;
  }
}

async function openSource(
  context: CommandContext,
  { file, sourceEnv }: SourceName,
  map: CrudMap | undefined,
): Promise<TableSource> {
  if (sourceEnv !== undefined) {
    const text = context.settings.env[sourceEnv];
    if (text === undefined || text === "")
      throw new LedgerError(
        "config-invalid",
        `${sourceEnv} is not set: --source-env names a variable that holds a URL`,
      );
    await reachServer("database", { text, source: sourceEnv, option: "--source-env" });
    return await openPostgresSource(text);
  }
  const path = file ?? "";
  const { signal } = context;
  if (await isSqliteFile(path)) return await openSqliteSource(path, signal);
  const [table, ...more] = map?.tables ?? [];
  if (more.length > 0)
    throw new LedgerError("config-invalid", `a CSV file is one table, and the map has ${more.length + 1}: give it one`);
  const name = table?.name ?? basename(path).replace(/\.csv(\.gz)?$/i, "");
  return await openCsvSource(path, { table: name, nullText: table?.null, signal });
}

/** A bar for each stage, where there is a terminal. */
function showStages(context: CommandContext): {
  update: (stage: ImportStage, done: number, total: number) => void;
  stop: () => void;
} {
  let shown: { stage: ImportStage; bar: Progress } | undefined;
  return {
    update: (stage, done, total) => {
      if (shown?.stage !== stage) {
        shown?.bar.stop();
        shown = { stage, bar: context.progress(BigInt(total), stage) };
      }
      shown.bar.update(BigInt(done), BigInt(Math.max(done, total)));
    },
    stop: () => shown?.bar.stop(),
  };
}
