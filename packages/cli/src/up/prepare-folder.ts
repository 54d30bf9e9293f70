import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LedgerError } from "@eventchain/core";

/**
 * Makes DIR where it is missing.
 *
 * @throws LedgerError `config-invalid` when it cannot be made or written to
 */
export async function prepareFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
    // It holds keys: they are not to be committed by accident.
    await writeFile(join(dir, ".gitignore"), "*\n");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LedgerError("config-invalid", `cannot use the folder ${dir} (${code}): choose another by --dir`, {
      cause: error,
    });
  }
}
