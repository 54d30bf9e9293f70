import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ExecuteOptions } from "@eventchain/ledger";
import type { accountCommands } from "./account-commands.ts";

const program = fileURLToPath(new URL("execute-process.ts", import.meta.url));

/** One command to execute. */
export interface Call {
  command: keyof typeof accountCommands;
  input: object;
  /** `actor`: default "ada". */
  options?: Partial<ExecuteOptions>;
}

/** What became of it; 64-bit numbers are decimal texts. */
export type Answer = {
  receipt?: unknown;
  error?: string;
  values?: Record<string, unknown>;
};

export interface Apps {
  /** Sends each app its list; resolves with their answers when all have come. */
  execute(lists: readonly (readonly Call[])[]): Promise<Answer[][]>;
  close(): Promise<void>;
}

/** Starts so many processes with a connection each to the ledger; resolves when all are connected. */
export async function startApps(count: number, databaseUrl: string, origin: string): Promise<Apps> {
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, [program, databaseUrl, origin], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  const apps = children.map(talk);
  const close = async (): Promise<void> => {
    await Promise.all(children.map(end));
  };
  try {
    await Promise.all(apps.map(({ answer }) => answer()));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    execute: (lists) =>
      Promise.all(
        lists.map((calls, index) => {
          const app = apps[index];
          if (app === undefined) throw new Error("there are fewer apps than lists");
          app.send(calls);
          return app.answer();
        }),
      ),
    close,
  };
}

function talk(child: ChildProcess): { send(calls: readonly Call[]): void; answer(): Promise<Answer[]> } {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("an app has a standard input and output");
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return {
    send: (calls) => void stdin.write(`${JSON.stringify(calls)}\n`),
    async answer() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("an app ended before it answered");
      return JSON.parse(value) as Answer[];
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
