import { existsSync, rmSync } from "node:fs";
import { LedgerError } from "@eventchain/core";
import { lockFolder } from "./lock-folder.ts";
import { isOurs } from "./prepare-folder.ts";

/**
 * Removes a folder that this package made, with all that is in it.
 *
 * @param before what is done once nobody else can use the folder, and before anything is removed
 * @throws LedgerError `stack-failed` if the folder is not this package's, or in use
 */
export async function removeFolder(dir: string, kind: string, before: () => Promise<void>): Promise<void> {
  if (!existsSync(dir)) return;
  if (!isOurs(dir, kind)) {
    throw new LedgerError(
      "stack-failed",
      `${dir} was not made for ${kind} by EventChain and is left alone: remove it yourself`,
      {
        values: { dir },
      },
    );
  }
  const lock = lockFolder(dir, kind);
  try {
    await before();
    rmSync(dir, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}
