import { Command, CommanderError } from "commander";
import { commands } from "../commands/index.ts";
import { collect } from "./arguments.ts";
import type { ExitCode, RegisterCommand, Run } from "./command-spec.ts";
import { createContext } from "./context.ts";
import { describeError, stacksOf } from "./describe-error.ts";
import type { ProgramIo } from "./io.ts";
import { createOutput, flush, type Output, OutputClosed, toJsonText } from "./output.ts";
import { createSettings, type GlobalOptions } from "./settings.ts";

/** How long a command that was interrupted may take to end by itself, ms. `up` stops three servers in this time. */
const stopWithinMs = 30_000;

/**
 * Runs one command line to its end.
 *
 * @returns the exit code: 0 done, or nothing found wrong; 1 the answer is bad; 2 it could not be done or checked.
 */
export async function runProgram(io: ProgramIo, registered: readonly RegisterCommand[] = commands): Promise<ExitCode> {
  const output = createOutput({ stdout: io.stdout, stderr: io.stderr, json: asksForJson(io.args) });
  let exitCode: ExitCode = 0;
  const program = createProgram(io);
  const run: Run =
    (handler) =>
    async (...args) => {
      const settings = createSettings(program.opts<GlobalOptions>(), io.env);
      const { context, close } = createContext(io, settings, output);
      const timer = stopLate(io.signal);
      try {
        exitCode = await handler(context, ...args);
      } finally {
        await close();
        timer();
      }
    };
  for (const register of registered) register(program, run);
  for (const command of program.commands) command.copyInheritedSettings(program);
  let reported = false;
  const end = (error: unknown): void => {
    exitCode = report(error, output, io);
    reported = exitCode !== 0;
  };
  try {
    await program.parseAsync([...io.args], { from: "user" });
  } catch (error) {
    end(error);
  }
  await flush(io.stdout);
  if (output.failure !== undefined && !reported) end(output.failure);
  await flush(io.stderr);
  return exitCode;
}

function createProgram(io: ProgramIo): Command {
  const write = (text: string): void => {
    io.stdout.write(text);
  };
  return new Command("eventchain")
    .description("A Postgres event store whose history nobody can rewrite unseen.")
    .option("--json", "answer with JSON on standard output")
    .option("--dir <dir>", "where `up` keeps its data (EVENTCHAIN_DIR; default .eventchain)")
    .option("--database <url>", "Postgres (DATABASE_URL)")
    .option("--redis <url>", "Redis (REDIS_URL)")
    .option("--rpc <url>", "the chain's node (RPC_URL)")
    .option("--contract <address>", "the AnchorRegistry contract")
    .option("--ledger <origin>", "the ledger; `up` and `workers` take several", collect)
    .option("--config <file>", "the app's events and commands (default eventchain.config.ts)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: write, writeErr: () => undefined, outputError: () => undefined })
    .exitOverride();
}

function report(error: unknown, output: Output, io: ProgramIo): ExitCode {
  if (error instanceof OutputClosed) return 0;
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const { exitCode, message, json } = describeError(error);
  if (output.json && !output.closed) io.stdout.write(`${toJsonText({ error: json })}\n`);
  output.note(`eventchain: ${message}`);
  if (io.env.EVENTCHAIN_DEBUG === "1") output.note(stacksOf(error));
  io.tellParent({ failed: json, exitCode });
  return exitCode;
}

/** Known before parsing, so that an error in the arguments is reported the way that was asked for. */
function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

/** An interrupted command ends by itself; one that cannot is ended, for it may wait on a server that hangs. */
function stopLate(signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => process.exit(2), stopWithinMs).unref();
  };
  signal.addEventListener("abort", start, { once: true });
  return () => {
    signal.removeEventListener("abort", start);
    clearTimeout(timer);
  };
}
