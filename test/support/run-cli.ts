import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The command line as it is installed. */
export const CLI_PATH: string = fileURLToPath(new URL("../../packages/cli/bin/eventchain.js", import.meta.url));

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  /** Added to an environment that names no server and no folder. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Starts the command line in a process of its own. */
export function startCli(args: readonly string[], options: CliOptions = {}): ChildProcess {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...options.env };
  return spawn(process.execPath, [CLI_PATH, ...args], { env, cwd: options.cwd, stdio: ["pipe", "pipe", "pipe"] });
}

/** Runs the command line to its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = startCli(args, options);
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(options.input ?? "");
  return await ended(child);
}

/** Everything a process printed, once it has ended. */
export async function ended(child: ChildProcess): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { exitCode, stdout, stderr };
}
