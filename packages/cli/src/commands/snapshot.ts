import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";
import { findModel } from "../models/find-model.ts";

/** `snapshot`: keeps what a model makes of a stream now, and commits to it. */
export const registerSnapshot: RegisterCommand = (program, run) => {
  program
    .command("snapshot")
    .description("keep what a model of the config makes of a stream now, with an event that commits to it")
    .argument("<stream>", "its name")
    .option("--model <name>", "which model, where several fit")
    .action(run((context, stream: string, { model }: { model?: string }) => takeSnapshot(context, stream, model)));
};

async function takeSnapshot(context: CommandContext, stream: string, name: string | undefined): Promise<ExitCode> {
  const { ledger, model } = await findModel(context, stream, name);
  const taken = await ledger.snapshot(model, stream);
  await context.output.document({ stream, model: model.name, schema: model.version, ...taken }, () => {
    const { branch, version, position, eventPosition } = taken;
    return `${showText(branch)}: version ${version} at position ${position}, committed to at position ${eventPosition}`;
  });
  return 0;
}
