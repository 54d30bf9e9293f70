import { open } from "node:fs/promises";
import { LedgerError } from "@eventchain/core";

/** The most bytes that a file named on the command line may have, where it is read as a whole. */
const MAX_INPUT_BYTES = 32 * 1024 * 1024;

/**
 * The text of a file that the caller named.
 *
 * @param what what it should be, for messages, such as "the trust root"
 * @throws LedgerError `invalid-argument`: it cannot be read, or is too large; values `file`
 */
export async function readInputFile(path: string, what: string): Promise<string> {
  const refuse = (problem: string, cause?: unknown): LedgerError =>
    new LedgerError("invalid-argument", `cannot read ${what} ${JSON.stringify(path)}: ${problem}`, {
      values: { file: path },
      cause,
    });
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === "ENOENT" ? "there is no such file" : (error.code ?? "it cannot be opened"), error);
  });
  try {
    const facts = await file.stat();
    if (facts.isDirectory()) throw refuse("it is a folder");
    if (facts.size > MAX_INPUT_BYTES) throw refuse(`it is larger than ${MAX_INPUT_BYTES} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
