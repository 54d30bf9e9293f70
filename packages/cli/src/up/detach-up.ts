import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { LedgerError, type LedgerErrorCode } from "@eventchain/core";
import type { CommandContext } from "../frame/context.ts";
import type { StackFile } from "../frame/stack-file.ts";
import { foregroundArgs } from "./foreground-args.ts";
import { prepareFolder } from "./prepare-folder.ts";

/** What the process in the background says to the one that started it. */
export type UpMessage =
  | { readonly ready: { readonly stack: StackFile; readonly words: string } }
  | { readonly failed: { readonly code: string; readonly message: string } & Record<string, unknown> };

/** How much of the log is shown when `up` ended without a word. */
const SHOWN_LINES = 5;

/**
 * Runs `up` in the background, in a session of its own, and waits until it serves or has failed. Its log is `DIR/up.log`.
 *
 * @throws LedgerError the one that `up` failed with; `stack-failed` when it ended without a word; `aborted`, after stopping it
 */
export async function detachUp(context: CommandContext): Promise<Extract<UpMessage, { ready: object }>["ready"]> {
  const dir = resolve(context.settings.dir);
  await prepareFolder(dir);
  const logPath = join(dir, "up.log");
  const log = await open(logPath, "a", 0o600);
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("../../bin/eventchain.js", import.meta.url)), ...foregroundArgs(context.args)],
    {
      detached: true,
      env: { ...context.settings.env, ...namedServers(context) },
      stdio: ["ignore", log.fd, log.fd, "ipc"],
      windowsHide: true,
    },
  );
  const stop = (): void => {
    child.kill("SIGTERM");
  };
  context.signal.addEventListener("abort", stop, { once: true });
  try {
    const message = await firstWord(child);
    if (message !== undefined && "ready" in message) return message.ready;
    if (message !== undefined) {
      const { code, message: text, ...values } = message.failed;
      throw new LedgerError(code as LedgerErrorCode, text, { values });
    }
    if (context.signal.aborted) throw new LedgerError("aborted", "interrupted before everything was started");
    throw new LedgerError("stack-failed", `\`up\` ended before it was ready; ${logPath} ends: ${await endOf(logPath)}`);
  } finally {
    context.signal.removeEventListener("abort", stop);
    await log.close();
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/** Undefined: it ended, or could not be started, without a word. */
function firstWord(child: ChildProcess): Promise<UpMessage | undefined> {
  return new Promise((resolve) => {
    child.once("message", (message) => resolve(message as UpMessage));
    child.once("exit", () => resolve(undefined));
    child.once("error", () => resolve(undefined));
  });
}

function namedServers({ settings: { options } }: CommandContext): NodeJS.ProcessEnv {
  return {
    ...(options.database === undefined ? {} : { DATABASE_URL: options.database }),
    ...(options.redis === undefined ? {} : { REDIS_URL: options.redis }),
    ...(options.rpc === undefined ? {} : { RPC_URL: options.rpc }),
  };
}

async function endOf(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trim().split("\n").slice(-SHOWN_LINES).join(" / ");
}
