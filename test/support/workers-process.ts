// The workers as a process of their own, as a host would run them.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesToHex } from "@eventchain/core";
import { SEAL_SEED } from "./ledger-workers.ts";

const MAIN = fileURLToPath(new URL("../../workers/src/main.ts", import.meta.url));

export interface WorkersHost {
  /** Where its keys and its guard are. */
  dir: string;
  env: Record<string, string>;
  /** Starts one process; several may run at a time. */
  spawn(more?: Record<string, string>): WorkersProcess;
  /** Kills what still runs, and removes the folder. */
  close(): Promise<void>;
}

export interface WorkersProcess {
  child: ChildProcess;
  /** What it has logged so far, one JSON object a line. */
  log(): string;
  /** Resolves when a line with this event is there. */
  logged(event: string): Promise<void>;
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

export async function createWorkersHost(input: {
  databaseUrl: string;
  redisUrl?: string | undefined;
  rpcUrl: string;
  anchorKey: string;
}): Promise<WorkersHost> {
  const dir = await mkdtemp(join(tmpdir(), "eventchain-workers-"));
  await writeFile(join(dir, "seal.key"), `${bytesToHex(SEAL_SEED)}\n`, { mode: 0o600 });
  await writeFile(join(dir, "anchor.key"), `${input.anchorKey}\n`, { mode: 0o600 });
  const running = new Set<WorkersProcess>();
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    DATABASE_URL: input.databaseUrl,
    REDIS_URL: input.redisUrl ?? "",
    RPC_URL: input.rpcUrl,
    SEAL_KEY_FILE: join(dir, "seal.key"),
    ANCHOR_KEY_FILE: join(dir, "anchor.key"),
    EVENTCHAIN_DIR: dir,
  };
  return {
    dir,
    env,
    spawn(more = {}) {
      const workers = spawnWorkers({ ...env, ...more });
      running.add(workers);
      workers.child.once("exit", () => running.delete(workers));
      return workers;
    },
    async close() {
      await Promise.all([...running].map((workers) => workers.kill("SIGKILL")));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function spawnWorkers(env: Record<string, string>): WorkersProcess {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const exited = once(child, "exit") as Promise<[number | null]>;
  return {
    child,
    log: () => text,
    async logged(event) {
      while (!text.includes(`"event":"${event}"`)) {
        if (child.exitCode !== null) throw new Error(`the workers ended with ${child.exitCode}: ${text}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async kill(signal) {
      child.kill(signal);
      return (await exited)[0];
    },
  };
}
