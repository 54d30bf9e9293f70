import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { LedgerError } from "@eventchain/core";

/** Marks a folder as made by this package: only such a folder is ever emptied. */
const MARKER_FILE = "devstack.json";

/**
 * Makes a folder ours, or finds that it is. A folder with other things in it and without the marker is refused.
 *
 * @param kind what lives in it; a folder made for one kind is not used for another
 * @throws LedgerError `stack-failed`
 */
export function prepareFolder(dir: string, kind: string): void {
  mkdirSync(dirname(dir), { recursive: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const marker = join(dir, MARKER_FILE);
  if (isOurs(dir, kind)) return;
  if (existsSync(marker) || readdirSync(dir).length > 0) {
    throw new LedgerError("stack-failed", `${dir} was not made for ${kind} by EventChain: name an empty folder`, {
      values: { dir },
    });
  }
  writeFileSync(marker, `${JSON.stringify({ kind, format: 1 })}\n`, { mode: 0o600 });
}

/** Whether the folder has this package's marker for that kind. */
export function isOurs(dir: string, kind: string): boolean {
  try {
    const value = JSON.parse(readFileSync(join(dir, MARKER_FILE), "utf8")) as { kind?: unknown };
    return value.kind === kind;
  } catch {
    return false;
  }
}

/** Lets other users pass through a folder (not list it), for a server that runs as one. */
export function letPass(dir: string): void {
  const { mode } = statSync(dir);
  if ((mode & 0o001) === 0) chmodSync(dir, (mode & 0o7777) | 0o011);
}

/** Makes the names in a folder durable: a file made or renamed in it is there after a power cut. */
export function syncFolder(dir: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(dir, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
