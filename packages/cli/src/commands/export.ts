import { LedgerError } from "@eventchain/core";
import type { LedgerEvent } from "@eventchain/ledger";
import { Option } from "commander";
import { addEventOptions, type EventArguments, selectEvents } from "../events/select-events.ts";
import { EXPORT_FORMATS, type ExportFormat, exportEvents } from "../export/export-events.ts";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { writeOutputFile } from "../frame/write-output-file.ts";

interface ExportArguments extends EventArguments {
  readonly format: ExportFormat;
  readonly out?: string;
}

/** `export`: events for other programs, of any number. */
export const registerExport: RegisterCommand = (program, run) => {
  const command = program
    .command("export")
    .description("write events as JSON lines, CSV or CloudEvents, oldest first; conditions are joined by and")
    .addOption(new Option("--format <format>", "how").choices(EXPORT_FORMATS).default("jsonl"))
    .option("--out <file>", "write them to a file, whole or not at all (default: standard output)");
  addEventOptions(command).action(run((context, options: ExportArguments) => exportAll(context, options)));
};

async function exportAll(context: CommandContext, options: ExportArguments): Promise<ExitCode> {
  const { output, signal } = context;
  const { format, out } = options;
  if (output.json && format === "csv" && out === undefined)
    throw new LedgerError("invalid-argument", "CSV is no JSON: leave --json out, or write to a file by --out");
  const read = selectEvents(options);
  const ledger = await context.ledger();
  // Read once, before the events: no event is called further than it is, and what comes later is for the next export.
  const watermarks = await ledger.watermarks();
  const { size } = await ledger.status();
  const counted = { events: 0 };
  const bar = out !== undefined || !output.isTerminal ? context.progress(size, "exporting") : undefined;
  const events = upTo(size, read(ledger, signal), (position) => {
    counted.events += 1;
    bar?.update(position);
  });
  const text = exportEvents(events, { format, origin: ledger.origin, watermarks });
  if (out === undefined) {
    for await (const chunk of text) await output.chunk(chunk);
    bar?.stop();
    return 0;
  }
  await writeOutputFile(out, text, "the events");
  bar?.stop();
  await output.document({ file: out, format, events: counted.events, size }, ({ events: number, file }) =>
    number === 1 ? `1 event is in ${file}` : `${number} events are in ${file}`,
  );
  return 0;
}

async function* upTo(
  size: bigint,
  events: AsyncIterable<LedgerEvent>,
  onEvent: (position: bigint) => void,
): AsyncGenerator<LedgerEvent> {
  for await (const event of events) {
    if (event.position > size) return;
    onEvent(event.position);
    yield event;
  }
}
