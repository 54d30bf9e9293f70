import { readFile, stat } from "node:fs/promises";
import { parsePrivateKey } from "@eventchain/chain";
import { hexToBytes, LedgerError } from "@eventchain/core";

async function readLine(file: string, what: string): Promise<string> {
  try {
    // Readable by others, a key is not one's own.
    if (((await stat(file)).mode & 0o077) !== 0) throw new Error("it may be read by others: chmod 600");
    return (await readFile(file, "utf8")).trim();
  } catch (cause) {
    const why = (cause as { code?: unknown }).code ?? (cause as Error).message;
    throw new LedgerError("config-invalid", `the ${what} key's file ${file} cannot be used: ${String(why)}`, {
      values: { file },
      cause,
    });
  }
}

/** A sealing key's seed: one line of 64 hex digits. Errors: LedgerError `config-invalid`, `bad-key`; never with the key. */
export async function readSealSeed(file: string): Promise<Uint8Array> {
  const line = await readLine(file, "sealing");
  if (!/^[0-9a-f]{64}$/.test(line)) {
    throw new LedgerError("bad-key", `${file} does not hold one line of 64 hex digits`, { values: { file } });
  }
  return hexToBytes(line, 32);
}

/** A chain key: one line of 0x and 64 hex digits. Errors: LedgerError `config-invalid`, `bad-key`; never with the key. */
export async function readChainKey(file: string): Promise<string> {
  return parsePrivateKey(await readLine(file, "anchoring"));
}
