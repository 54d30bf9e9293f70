import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

// This file's neighbours in the workspace: the very command that a user types.
const BIN = fileURLToPath(new URL("../../../../packages/cli/bin/eventchain.js", import.meta.url));

interface RunOptions {
  /** The exit code that is asked for; another one is an error. Default 0. */
  readonly exitCode?: number;
  /** Runs without the stack's folder: what somebody outside the house would have. */
  readonly withoutDir?: boolean;
}

export interface Eventchain {
  text(args: readonly string[], options?: RunOptions): Promise<string>;
  json<T>(args: readonly string[], options?: RunOptions): Promise<T>;
}

/** Runs the command line on the stack in `dir`. */
export function eventchain(dir: string): Eventchain {
  const text = (args: readonly string[], options: RunOptions = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const all = options.withoutDir === true ? [...args] : [...args, "--dir", dir];
      // A group of its own: Ctrl-C reaches the demo, which then takes everything down in order.
      const child = spawn(process.execPath, [BIN, ...all], { stdio: ["ignore", "pipe", "pipe"], detached: true });
      const output: Buffer[] = [];
      const errors: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
      child.on("error", reject);
      child.on("close", (code) => {
        const printed = Buffer.concat(output).toString("utf8");
        if (code === (options.exitCode ?? 0)) resolve(printed);
        else reject(new Error(`eventchain ${args.join(" ")}: exit ${code}: ${Buffer.concat(errors)}${printed}`));
      });
    });
  return {
    text,
    json: async <T>(args: readonly string[], options: RunOptions = {}) =>
      JSON.parse(await text([...args, "--json"], options)) as T,
  };
}
