import { readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import { z } from "zod";
import { writeFileWhole } from "./write-file-whole.ts";

const stackSchema = z.object({
  databaseUrl: z.string(),
  redisUrl: z.string().nullable(),
  rpcUrl: z.string(),
  chainId: z.string(),
  contract: z.string(),
  consoleUrl: z.string().nullable(),
  ledgers: z.array(z.string()),
  pid: z.int().positive(),
});

/** `DIR/stack.json`: what a running `up` serves. It is there only while `up` runs; `pid` is that of `up`. */
export type StackFile = z.infer<typeof stackSchema>;

/** Where the stack file of a folder is. */
function stackPath(dir: string): string {
  return join(dir, "stack.json");
}

/**
 * The stack that runs in a folder; undefined when there is none, or when the file was left behind by a process that is gone
 * (its ports may be another's by now).
 *
 * @throws LedgerError `config-invalid`: the file is not what `up` writes.
 */
export async function readStack(dir: string): Promise<StackFile | undefined> {
  const path = stackPath(dir);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw new LedgerError("config-invalid", `cannot read ${path} (${error.code}): choose another folder by --dir`, {
      cause: error,
    });
  });
  if (text === undefined) return undefined;
  const parsed = stackSchema.safeParse(parseOrUndefined(text));
  if (!parsed.success) {
    throw new LedgerError(
      "config-invalid",
      `${path} is not what \`eventchain up\` writes: delete it, and start \`eventchain up\` again`,
    );
  }
  return isRunning(parsed.data.pid) ? parsed.data : undefined;
}

/** Writes the file in one step, so that no reader meets half of it. It may hold a local password: mode 0600. */
export async function writeStack(dir: string, stack: StackFile): Promise<void> {
  await writeFileWhole(stackPath(dir), `${JSON.stringify(stack, null, 2)}\n`, 0o600);
}

/** Removes the file; fine when there is none. */
export async function removeStack(dir: string): Promise<void> {
  await rm(stackPath(dir), { force: true });
}

/** Whether a process with this id runs. One that has ended and that nobody collected, as in a container without an init, does not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    // proc_pid_stat(5): the state follows the command, which stands in brackets and may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return true;
  }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
