import { stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LedgerError } from "@eventchain/core";
import { writeFileWhole } from "./write-file-whole.ts";

/**
 * Writes a file that the caller named: whole or not at all where it is a file; a device or a pipe is written to.
 *
 * @param what what is written, for messages, such as "the bundle"
 * @throws LedgerError `invalid-argument`: it cannot be written there; values `file`. What the text's own pieces throw
 */
export async function writeOutputFile(path: string, text: string | AsyncIterable<string>, what: string): Promise<void> {
  try {
    const found = await stat(path).catch(() => undefined);
    // Renamed over, a device would be one no more.
    if (found === undefined || found.isFile() || found.isDirectory()) await writeFileWhole(path, text);
    else await writeFile(path, text);
  } catch (error) {
    const { code, message, syscall } = error as NodeJS.ErrnoException;
    // It came with the text, not from writing it.
    if (syscall === undefined) throw error;
    const known: Record<string, string> = {
      ENOENT: `there is no folder ${JSON.stringify(dirname(path))}: make it, or name another file`,
      ENOTDIR: `${JSON.stringify(dirname(path))} is not a folder: name another file`,
      EISDIR: "it is a folder: name a file in it, or another",
      EACCES: "you may not write there: name another file",
      EPERM: "you may not write there: name another file",
      EROFS: "it lies where nothing can be written: name another file",
      ENOSPC: "the disk is full: make room, or name another file",
    };
    const missing = code === "ENOENT" && (await isFolder(dirname(path)));
    const problem = missing
      ? "no file can be made there: name another"
      : (known[code ?? ""] ?? `${message}: name another file`);
    throw new LedgerError("invalid-argument", `cannot write ${what} to ${JSON.stringify(path)}: ${problem}`, {
      values: { file: path },
      cause: error,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
