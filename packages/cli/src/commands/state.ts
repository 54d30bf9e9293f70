import { canonicalJson, LedgerError } from "@eventchain/core";
import type { At } from "@eventchain/ledger";
import { decimal } from "../frame/arguments.ts";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { showText } from "../jsonl/show-text.ts";
import { findModel } from "../models/find-model.ts";

interface StateArguments {
  readonly version?: bigint;
  readonly position?: bigint;
  readonly time?: string;
  readonly model?: string;
}

/** `state`: what a model makes of a stream, then or now. */
export const registerState: RegisterCommand = (program, run) => {
  program
    .command("state")
    .description("print what a model of the config makes of a stream, now or at a point in time")
    .argument("<stream>", "its name")
    .option("--version <version>", "at this version of the stream", decimal)
    .option("--position <position>", "at this position of the ledger", decimal)
    .option("--time <time>", "of what was recorded up to then, such as 2026-01-31T09:30:00Z")
    .option("--model <name>", "which model, where several fit")
    .action(run((context, stream: string, options: StateArguments) => printState(context, stream, options)));
};

async function printState(context: CommandContext, stream: string, options: StateArguments): Promise<ExitCode> {
  const at = pointOf(options);
  const { ledger, model } = await findModel(context, stream, options.model);
  const { state, position, version } = await ledger.stateAt(model, stream, at === undefined ? {} : { at });
  const text = textOf(model.name, state);
  const document = { stream, model: model.name, schema: model.version, version, position, state: JSON.parse(text) };
  await context.output.document(document, () =>
    [
      `${showText(stream)} as ${showText(model.name)}, version ${version}, position ${position}`,
      ...JSON.stringify(document.state, null, 2).split("\n").map(showText),
    ].join("\n"),
  );
  return 0;
}

/** Errors: LedgerError `invalid-argument` where more than one point is given. */
function pointOf({ version, position, time }: StateArguments): At | undefined {
  const points: At[] = [
    ...(version === undefined ? [] : [{ version }]),
    ...(position === undefined ? [] : [{ position }]),
    ...(time === undefined ? [] : [{ time }]),
  ];
  if (points.length > 1)
    throw new LedgerError("invalid-argument", "--version, --position and --time each name a point: give one of them");
  return points[0];
}

function textOf(model: string, state: unknown): string {
  try {
    return canonicalJson(state, { maxBytes: 16_777_216 });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new LedgerError("invalid-value", `the state of model ${JSON.stringify(model)} has no JSON form: ${problem}`, {
      values: { model },
      cause: error,
    });
  }
}
