import { LedgerError } from "@eventchain/core";
import type { ExitCode } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";
import { type CheckedFile, checkRows, MAX_NAMED_ROWS } from "./check-rows.ts";
import { readMap } from "./read-map.ts";
import { writeRows } from "./write-rows.ts";

/**
 * The rows of a CSV file become events.
 *
 * 1. Every row is checked. Nothing is written if one is bad.
 * 2. The rows are written, each under a command id of its own. A crash here leaves a part of them; the same command
 *    again writes the rest.
 */
export async function importCsv(
  context: CommandContext,
  file: string,
  options: { map: string; dryRun: boolean },
): Promise<ExitCode> {
  const map = await readMap(options.map);
  const { signal } = context;
  // A ledger that is not there is said before a long file is read.
  const ledger = options.dryRun ? undefined : await context.ledger();
  const checking = context.progress(0n, "checking");
  const checked = await checkRows(file, map, { signal, onProgress: (done, total) => checking.update(done, total) });
  checking.stop();
  if (checked.bad > 0) throw refuse(context, file, checked);
  const { digest, rows } = checked;
  if (ledger === undefined) {
    await context.output.document(
      { file, digest, rows, dryRun: true },
      () => `${rows} rows are good; nothing was written`,
    );
    return 0;
  }
  const writing = context.progress(BigInt(rows), "writing");
  const onProgress = (done: number): void => writing.update(BigInt(done));
  const { added, alreadyThere } = await writeRows(ledger, file, map, { digest, signal, onProgress });
  writing.stop();
  await context.output.document({ file, digest, rows, added, alreadyThere }, () =>
    alreadyThere === 0 ? `${added} events added` : `${added} events added, ${alreadyThere} were already there`,
  );
  return 0;
}

/** Names the first bad rows on standard error, or with `--json` in the error. */
function refuse(context: CommandContext, file: string, { bad, firstBad, rows }: CheckedFile): LedgerError {
  if (!context.output.json) {
    for (const { row, line, column, message } of firstBad) {
      const where = column === null ? "" : `, column ${JSON.stringify(column)}`;
      context.output.note(showText(`row ${row} (line ${line})${where}: ${message}`));
    }
    if (bad > MAX_NAMED_ROWS) context.output.note(`and ${bad - MAX_NAMED_ROWS} more`);
  }
  return new LedgerError(
    "invalid-argument",
    `${file}: ${bad} of ${rows} rows cannot be recorded, so nothing was written: correct the file or the map`,
    { values: { file, rows, bad, badRows: firstBad } },
  );
}
