import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex, formatTrustRoot, parseTrustRoot, sha256, type TrustRoot, utf8 } from "@eventchain/core";
import { writeFileWhole } from "../frame/write-file-whole.ts";

/** Names longer than this are cut and told apart by a digest; folders allow 255 bytes. */
const MAX_NAME = 150;

/**
 * Writes a ledger's trust root into a folder: `trust.json` for the first ledger, `trust-ORIGIN.json` (percent-encoded) for
 * each further one.
 *
 * @returns the file's path
 */
export async function writeTrust(dir: string, trust: TrustRoot): Promise<string> {
  const first = join(dir, "trust.json");
  const holder = await readOrigin(first);
  const path =
    holder === undefined || holder === trust.origin ? first : join(dir, `trust-${fileNameOf(trust.origin)}.json`);
  await writeFileWhole(path, formatTrustRoot(trust));
  return path;
}

async function readOrigin(path: string): Promise<string | undefined> {
  try {
    return parseTrustRoot(await readFile(path, "utf8")).origin;
  } catch {
    return undefined;
  }
}

function fileNameOf(origin: string): string {
  const name = encodeURIComponent(origin);
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME)}-${bytesToHex(sha256(utf8(origin))).slice(0, 16)}`;
}
