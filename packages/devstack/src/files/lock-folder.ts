import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";
import { identifyProcess, isAlive, parseIdentity } from "../processes/identify-process.ts";

/** A folder that is ours alone until it is given back. */
export interface FolderLock {
  release(): void;
}

/** The lock's file name in the folder it guards. */
const LOCK_FILE = "lock";

/**
 * Takes a folder for this process. The lock is a file with the owner's identity; a file whose owner is gone, after a
 * crash or a restart of the machine, is taken over.
 *
 * @throws LedgerError `stack-failed` if a living process has it (this one included); values `dir`, `pid`
 */
export function lockFolder(dir: string, what: string): FolderLock {
  const path = join(dir, LOCK_FILE);
  const own = identifyProcess(process.pid) ?? { pid: process.pid, started: "" };
  const content = `${JSON.stringify({ ...own, nonce: randomUUID() })}\n`;
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    // A link appears with its content or not at all, and never in place of another one.
    for (let attempt = 0; attempt < 10; attempt++) {
      if (tryLink(draft, path)) return { release: () => release(path, content) };
      const held = readIfThere(path);
      if (held === undefined) continue;
      const owner = parseIdentity(held);
      if (owner !== undefined && isAlive(owner)) throw inUse(dir, what, owner.pid);
      takeAway(path, held);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw inUse(dir, what, undefined);
}

/** Moves a dead owner's lock aside; puts it back if it turns out to be a living one that was made in between. */
function takeAway(path: string, dead: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readIfThere(aside) !== dead) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function release(path: string, content: string): void {
  if (readIfThere(path) === content) rmSync(path, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function inUse(dir: string, what: string, pid: number | undefined): LedgerError {
  const who = pid === undefined ? "another process" : `process ${pid}`;
  return new LedgerError(
    "stack-failed",
    `${what} in ${dir} is in use by ${who}: stop that first, or use another folder`,
    {
      values: { dir, ...(pid === undefined ? {} : { pid }) },
    },
  );
}
