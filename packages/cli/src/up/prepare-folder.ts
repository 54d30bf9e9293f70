import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";

/**
 * Makes DIR where it is missing.
 *
 * @throws LedgerError `config-invalid` when it cannot be made or written to
 */
export async function prepareFolder(dir: string): Promise<void> {
  const { makeFolder } = await import("@eventchain/devstack");
  await makeFolder(dir);
  try {
    // It holds keys: they are not to be committed by accident.
    await writeFile(join(dir, ".gitignore"), "*\n");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LedgerError(
      "config-invalid",
      `cannot use the folder ${dir}: it may not be written to (${code}): choose another by --dir`,
      {
        cause: error,
      },
    );
  }
}
