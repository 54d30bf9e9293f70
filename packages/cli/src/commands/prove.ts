import { formatBundle } from "@eventchain/core";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { writeOutputFile } from "../frame/write-output-file.ts";

interface ProveArguments {
  readonly out?: string;
  readonly withoutMetadata?: boolean;
}

/** `prove`: the file that proves one event to a stranger. */
export const registerProve: RegisterCommand = (program, run) => {
  program
    .command("prove")
    .description("make the proof bundle of one event; `check` checks it, with no database")
    .argument("<position-or-event>", "a position, or an event id")
    .option("--out <file>", "write it to a file (default: standard output)")
    .option("--without-metadata", "leave the metadata out; the bundle stays checkable")
    .action(run((context, event: string, options: ProveArguments) => prove(context, event, options)));
};

async function prove(context: CommandContext, event: string, options: ProveArguments): Promise<ExitCode> {
  const ledger = await context.ledger();
  const bundle = await ledger.prove(event, { withoutMetadata: options.withoutMetadata });
  const text = formatBundle(bundle);
  if (options.out === undefined) {
    await context.output.text(text.endsWith("\n") ? text : `${text}\n`);
    return 0;
  }
  await writeOutputFile(options.out, text, "the bundle");
  const { position } = bundle.event;
  const shown = { file: options.out, position, size: bundle.inclusion.size, final: bundle.anchor !== null };
  await context.output.document(shown, ({ final, file }) =>
    final
      ? `position ${position} is proven in ${file}`
      : `position ${position} is proven in ${file} up to a signed checkpoint; it is not final yet, so no anchor is in it`,
  );
  return 0;
}
