import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { bytesToHex, equalBytes, hexToBytes, LedgerError, parseDecimal } from "@eventchain/core";
import { z } from "zod";
import type { Guard, GuardHead } from "./guard.ts";
import { holdLock } from "./hold-lock.ts";

/** Longer than any write takes, and shorter than Postgres bears with a seal that does nothing. */
const LOCK_TIMEOUT_MS = 5_000;

const entryShape = z.strictObject({ origin: z.string(), size: z.string(), root: z.string() });

/** Names that a file system could cut off, or take for one another, are told apart by a digest. */
function fileNameOf(origin: string): string {
  const encoded = encodeURIComponent(origin).replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
  if (encoded.length <= 200 && encoded === encoded.toLowerCase()) return `${encoded}.json`;
  return `${encoded.slice(0, 150)}.${createHash("sha256").update(origin).digest("hex").slice(0, 32)}.json`;
}

function parseEntry(text: string, origin: string, file: string): GuardHead {
  try {
    const entry = entryShape.parse(JSON.parse(text));
    if (entry.origin !== origin) throw new Error(`it is of ${entry.origin}`);
    return { size: parseDecimal(entry.size, "size"), root: hexToBytes(entry.root, 32) };
  } catch (cause) {
    throw new LedgerError("guard-mismatch", `the guard's file ${file} is damaged`, { values: { origin, file }, cause });
  }
}

function folderError(folder: string, cause: unknown): LedgerError {
  const code = (cause as { code?: unknown }).code;
  return new LedgerError("config-invalid", `the guard's folder ${folder} cannot be used: ${String(code)}`, {
    values: { folder },
    cause,
    retryable: true,
  });
}

/** The rename is durable only once the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A folder is durable once the one that it is in is. */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === resolve(first) || made === dirname(made)) return;
  }
}

/** False where `mayReplace` says no at the last moment. */
async function writeWhole(file: string, text: string, mayReplace: () => Promise<boolean>): Promise<boolean> {
  const draft = `${file}.${process.pid}.draft`;
  const handle = await open(draft, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (!(await mayReplace())) return false;
  await rename(draft, file);
  await syncFolder(dirname(file));
  return true;
}

/**
 * A guard of files, for sealers on one host: `<folder>/<encoded origin line>.json`, mode 0600, replaced whole.
 * Processes may share a folder: a lock beside the entry is held from the look at it until it is replaced, because a sealer
 * that stopped in between may go on long after Postgres gave its turn to another.
 *
 * Errors: LedgerError `config-invalid` (retryable) where the folder cannot be read or written, `timeout` (retryable)
 * where another process keeps the lock for 5 s.
 */
export function openFileGuard(path: string, options: { lockTimeoutMs?: number } = {}): Guard {
  const folder = resolve(path);
  const read = async (origin: string): Promise<GuardHead | undefined> => {
    const file = join(folder, fileNameOf(origin));
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return undefined;
      throw folderError(folder, error);
    }
    return parseEntry(text, origin, file);
  };
  return {
    read,
    async write(origin, next, previous) {
      const file = join(folder, fileNameOf(origin));
      const entry = { origin, size: next.size.toString(), root: bytesToHex(next.root) };
      try {
        await makeFolder(folder);
        await holdLock(`${file}.lock`, options.lockTimeoutMs ?? LOCK_TIMEOUT_MS, async (isHeld) => {
          if (!isSameHead(await read(origin), previous)) throw takenByAnother(origin);
          if (!(await writeWhole(file, `${JSON.stringify(entry)}\n`, isHeld))) throw takenByAnother(origin);
        });
      } catch (error) {
        throw error instanceof LedgerError ? error : folderError(folder, error);
      }
    },
    close: () => Promise.resolve(),
  };
}

function isSameHead(a: GuardHead | undefined, b: GuardHead | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.size === b.size && equalBytes(a.root, b.root);
}

/** The error of a write that met another entry than was read before. The next look tells whether anything is wrong. */
export function takenByAnother(origin: string): LedgerError {
  return new LedgerError("guard-mismatch", `another sealer has just signed under the name ${origin}`, {
    values: { origin },
    retryable: true,
  });
}
