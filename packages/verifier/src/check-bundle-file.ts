import { readFile } from "node:fs/promises";
import { type CheckOptions, checkBundle, LedgerError, type Report } from "@eventchain/core";

/**
 * Checks a proof bundle that is kept in a file, with no database: against the keys and the chain of `options`, all of which come
 * from the caller. Throws `invalid-argument` for a file that cannot be read; a bundle that is bad is a report, not an error.
 */
export async function checkBundleFile(file: string, options?: CheckOptions): Promise<Report> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new LedgerError("invalid-argument", `the bundle ${file} cannot be read`, { cause, values: { file } });
  }
  return await checkBundle(text, options);
}
