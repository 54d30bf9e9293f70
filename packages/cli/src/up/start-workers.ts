import { open, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Stack, type SupervisedProcess, superviseProcess } from "@eventchain/devstack";
import type { Settings } from "../frame/settings.ts";
import type { KeyFiles } from "./keep-keys.ts";

export interface WorkersInput {
  readonly dir: string;
  readonly stack: Pick<Stack, "databaseUrl" | "redisUrl" | "rpcUrl">;
  readonly keys: KeyFiles;
  /** The app's config, whose handlers run beside the other stages; undefined: there is none. */
  readonly config: string | undefined;
  /** FINALITY, GUARD_URL and the like are passed on. */
  readonly env: Settings["env"];
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
}

/**
 * Runs the workers in a process of their own, started again when it dies; its log is `DIR/workers.log`. Returns once they
 * have said that they started.
 *
 * @throws LedgerError `stack-failed` with the end of their log
 */
export async function startWorkers(input: WorkersInput): Promise<SupervisedProcess> {
  const { dir, stack, keys, config, env, signal, log } = input;
  const logFile = join(dir, "workers.log");
  const start = await sizeOf(logFile);
  return await superviseProcess({
    name: "the workers",
    command: process.execPath,
    args: [mainPath()],
    env: {
      ...env,
      DATABASE_URL: stack.databaseUrl,
      REDIS_URL: stack.redisUrl ?? "",
      RPC_URL: stack.rpcUrl,
      SEAL_KEY_FILE: keys.seal,
      ANCHOR_KEY_FILE: keys.anchor,
      EVENTCHAIN_DIR: dir,
      CONFIG: config ?? "",
      // All of them, whatever the variable says: nothing else would do the rest.
      ROLES: "",
      LEDGERS: "",
    },
    logFile,
    pidFile: join(dir, "workers.pid"),
    isReady: () => hasStarted(logFile, start),
    signal,
    log,
  });
}

/** The program beside the package's entry: `.ts` where the sources run as they are, `.js` in a release. */
function mainPath(): string {
  const entry = import.meta.resolve("@eventchain/workers");
  return fileURLToPath(new URL(`main${extname(entry)}`, entry));
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Whether what was logged since holds the line that says so. */
async function hasStarted(path: string, since: number): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    // A log that had grown too long was set aside, and begins anew.
    const from = size < since ? 0 : since;
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from });
    return buffer.subarray(0, bytesRead).includes('"event":"started"');
  } finally {
    await file.close();
  }
}
