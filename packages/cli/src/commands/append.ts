import { addAbortSignal } from "node:stream";
import { LedgerError, parseJson } from "@eventchain/core";
import { collect } from "../frame/arguments.ts";
import type { ExitCode, RegisterCommand } from "../frame/command-spec.ts";
import type { CommandContext } from "../frame/context.ts";
import { openOwnLedger } from "../frame/open-own-ledger.ts";
import { OutputClosed, OutputFailed } from "../frame/output.ts";
import { appendLines } from "../jsonl/append-lines.ts";
import { parseExpect } from "../jsonl/parse-append-line.ts";
import { showReceipt } from "../jsonl/show-receipt.ts";
import { showText } from "../jsonl/show-text.ts";

interface AppendArguments {
  readonly stream?: string;
  readonly type?: string;
  readonly data?: string;
  readonly metadata?: string;
  readonly tag?: readonly string[];
  readonly expect?: string;
  readonly command?: string;
}

/** `append`: one event from the command line, or one for each JSON line of standard input. */
export const registerAppend: RegisterCommand = (program, run) => {
  program
    .command("append")
    .description("append one event, or with - each JSON line {stream, type, data, metadata?, tags?, expect?, command?}")
    .argument("[source]", "- for standard input")
    .option("--stream <stream>", "the stream it belongs to")
    .option("--type <type>", "what kind of event it is")
    .option("--data <json>", "what happened: a JSON object")
    .option("--metadata <json>", 'a JSON object, such as {"actor": "ann"}')
    .option("--tag <tag>", "what else it is about; may be given several times", collect)
    .option("--expect <version>", "the version that the stream must be at: N, none, exists or any")
    .option("--command <id>", "makes the append repeatable: again with the same content, it answers as the first time")
    .action(
      run((context, source: string | undefined, options: AppendArguments) =>
        source === undefined ? appendOne(context, options) : appendStream(context, source, options),
      ),
    );
};

async function appendOne(context: CommandContext, options: AppendArguments): Promise<ExitCode> {
  const { stream, type, data, metadata, tag, expect, command } = options;
  if (stream === undefined || type === undefined || data === undefined)
    throw new LedgerError("invalid-argument", "append needs --stream, --type and --data, or - to read standard input");
  const event = { type, data: jsonOption("--data", data), tags: tag };
  const appendOptions = {
    metadata: metadata === undefined ? undefined : jsonOption("--metadata", metadata),
    expect: parseExpect(expect),
    commandId: command,
    signal: context.signal,
  };
  const { ledger, make } = await openOwnLedger(context);
  const receipt = await ledger.append(stream, make(event), appendOptions);
  await context.output.document(showReceipt(receipt), ({ position, version, id }) => {
    const before = receipt.duplicate ? " (recorded before)" : "";
    return `position ${position}: ${showText(type)}, version ${version} of ${showText(stream)}, id ${id}${before}`;
  });
  return 0;
}

/** Each line is answered by a JSON line, with and without `--json`: the input is a program's. */
async function appendStream(context: CommandContext, source: string, options: AppendArguments): Promise<ExitCode> {
  if (source !== "-")
    throw new LedgerError("invalid-argument", "append takes no file: give - and the JSON lines on standard input");
  const [option] = Object.keys(options);
  if (option !== undefined)
    throw new LedgerError("invalid-argument", `append - takes no --${option}: it is part of each line`);
  const own = await openOwnLedger(context);
  const stop = new AbortController();
  const stdin = addAbortSignal(AbortSignal.any([context.signal, stop.signal]), context.stdin);
  let exitCode: ExitCode = 0;
  let gone: OutputClosed | OutputFailed | undefined;
  const counted = { done: 0, failed: 0, lastLine: 0 };
  for await (const result of appendLines(own, stdin, stop.signal)) {
    counted.lastLine = result.line;
    if ("shown" in result) counted.done += 1;
    else {
      counted.failed += 1;
      exitCode = exitCode === 2 || result.failed.exitCode === 2 ? 2 : 1;
    }
    if (gone !== undefined) continue;
    try {
      await context.output.line("shown" in result ? result.shown : { error: result.failed.json });
    } catch (error) {
      if (!(error instanceof OutputClosed || error instanceof OutputFailed)) throw error;
      // Nobody learns of what is sent from here on. What is under way is waited for, to say how far it came.
      gone = error;
      stop.abort();
    }
  }
  if (gone !== undefined) throw new OutputFailed(`${tellGone(gone)}: ${tellCounted(counted)}`);
  return exitCode;
}

function tellGone(gone: OutputClosed | OutputFailed): string {
  return gone instanceof OutputFailed ? gone.message : "nobody reads standard output any more";
}

function tellCounted({ done, failed, lastLine }: { done: number; failed: number; lastLine: number }): string {
  const others = failed === 0 ? "" : `, ${failed} could not be`;
  return `${done} lines were appended${others}, up to line ${lastLine}; lines that follow were not sent`;
}

function jsonOption(name: string, text: string): object {
  try {
    // Whether it is an object is the SDK's check.
    return parseJson(text) as object;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new LedgerError(error.code, `${name}: ${error.message}`, { values: error.values, cause: error });
  }
}
