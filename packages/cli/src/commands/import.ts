import { LedgerError } from "@eventchain/core";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";

/** The options of `import`. */
interface ImportArguments {
  readonly map?: string;
  readonly dryRun?: boolean;
  readonly sourceEnv?: string;
  readonly draftMap?: boolean;
  /** True: compare only. False: do not. Undefined: compare after the import. */
  readonly check?: boolean;
}

/** `import`: the rows of a CSV file become events, or the tables of a database, or what has become of them. */
export const registerImport: RegisterCommand = (program, run) => {
  program
    .command("import")
    .description("make events of the rows of a CSV file or the tables of a database; a second run adds nothing")
    .argument("[file]", "FILE.csv, FILE.csv.gz (UTF-8, the first line names the columns) or a SQLite file")
    .option("--map <file>", "a JSON file that says how rows become events")
    .option("--source-env <name>", "the environment variable that holds the URL of a Postgres database to import")
    .option("--draft-map", "print a map of every table of the source, to be edited")
    .option("--dry-run", "check every row and write nothing; needs no database")
    .option("--check", "only compare the tables with what the ledger's events give")
    .option("--no-check", "do not compare them after an import of tables")
    .action(run((context, file: string | undefined, options: ImportArguments) => importAny(context, file, options)));
};

// Each way of importing is loaded when it is taken: other commands need neither.
async function importAny(
  context: CommandContext,
  file: string | undefined,
  options: ImportArguments,
): Promise<ExitCode> {
  const { map, sourceEnv, draftMap, check } = options;
  if ((file === undefined) === (sourceEnv === undefined))
    throw new LedgerError("invalid-argument", "import takes one source: a file, or a database by --source-env NAME");
  if (map === undefined && draftMap !== true)
    throw new LedgerError("invalid-argument", "--map FILE is missing: --draft-map prints one to begin with");
  if (draftMap === true && (map !== undefined || check !== undefined || options.dryRun === true))
    throw new LedgerError(
      "invalid-argument",
      "--draft-map writes nothing: give it without --map, --dry-run and --check",
    );
  if (check === true && options.dryRun === true)
    throw new LedgerError("invalid-argument", "--check writes nothing either: give it without --dry-run");
  const tables = await import("../tables/import-source.ts");
  if (draftMap === true) return await tables.draftMap(context, { file, sourceEnv });
  const mapFile = map ?? "";
  if (file === undefined || (await tables.isForTables(file, mapFile)))
    return await tables.importSource(context, { file, sourceEnv }, { ...options, map: mapFile });
  if (check !== undefined)
    throw new LedgerError("invalid-argument", `--check is for maps with "tables": ${mapFile} has none`);
  const { importCsv } = await import("../csv/import-csv.ts");
  return await importCsv(context, file, { map: mapFile, dryRun: options.dryRun === true });
}
