import { access } from "node:fs/promises";
import { writeFileWhole } from "../frame/write-file-whole.ts";

/**
 * Keeps a key in a file of one line, mode 0600; a key that is there already stays as it is, for everything sealed or
 * anchored so far is bound to it.
 *
 * @returns the file's path
 */
export async function keepKey(path: string, make: () => string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) await writeFileWhole(path, `${make()}\n`, 0o600);
  return path;
}
