import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LedgerError } from "@eventchain/core";

/**
 * Makes a folder where it is missing, and those above it, each by itself: Node's own way of making them all goes round
 * without end below folders such as `/proc`, where nothing can be made.
 *
 * @throws LedgerError `config-invalid`, with what stands in the way; values `dir`
 */
export async function makeFolder(dir: string): Promise<void> {
  const path = resolve(dir);
  const refuse = (problem: string, cause?: unknown): LedgerError =>
    new LedgerError("config-invalid", `cannot use the folder ${path}: ${problem}: choose another by --dir`, {
      values: { dir: path },
      cause,
    });
  const missing: string[] = [];
  let parent = path;
  for (; ; parent = dirname(parent)) {
    const found = await stat(parent).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw refuse(`${parent} cannot be looked at (${error.code})`, error);
    });
    if (found?.isDirectory() === true) break;
    if (found !== undefined) throw refuse(`${parent} is not a folder`);
    missing.push(parent);
    if (dirname(parent) === parent) throw refuse(`${parent} is not there`);
  }
  await access(parent, constants.W_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    throw refuse(`${parent} may not be written to (${error.code})`, error);
  });
  for (const folder of missing.reverse()) {
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      // Another may have made it in between.
      if (error.code !== "EEXIST") throw refuse(`${folder} cannot be made (${error.code})`, error);
    });
  }
}
