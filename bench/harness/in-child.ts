import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface InChildOptions {
  /** Of Node: `--max-old-space-size=256` … Default: none. */
  nodeArgs?: readonly string[];
  /** Ends the child. */
  signal?: AbortSignal;
}

/**
 * Runs an exported function of a module in a fresh Node process, so that its memory is its own: `result` is what it
 * gives (or resolves to), `peakRssMiB` the most memory that process was resident with, MiB.
 *
 * @param module `import.meta.url`-relative: `new URL("./replay-child.ts", import.meta.url)`
 * @param input passed to it; it and the result cross by structured clone (bigint, Map, typed arrays, no functions)
 * @throws what the function threw, or an Error if the process ended before it
 */
export async function inChild<Result>(
  module: URL,
  exported: string,
  input: unknown,
  { nodeArgs = [], signal }: InChildOptions = {},
): Promise<{ result: Result; peakRssMiB: number }> {
  const child = fork(fileURLToPath(new URL("./child-process.ts", import.meta.url)), [], {
    execArgv: [...nodeArgs],
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    ...(signal === undefined ? {} : { signal }),
  });
  return new Promise((resolve, reject) => {
    let answer: ChildAnswer | undefined;
    child.on("message", (message) => {
      answer = message as ChildAnswer;
    });
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      if (answer === undefined)
        reject(new Error(`${module.pathname} ended by ${killedBy ?? `exit code ${code}`} without a result`));
      else if ("error" in answer) reject(answer.error);
      else resolve({ result: answer.result as Result, peakRssMiB: answer.peakRssMiB });
    });
    child.send({ module: module.href, exported, input } satisfies ChildTask, (error) => error && reject(error));
  });
}

export interface ChildTask {
  module: string;
  exported: string;
  input: unknown;
}

export type ChildAnswer = { result: unknown; peakRssMiB: number } | { error: unknown };
