import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, utf8 } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";

/**
 * An EVM address in lower case with its 0x. Takes one case throughout, or the mixed case of EIP-55, whose checksum must then
 * hold. Throws `invalid-argument`.
 */
export function parseAddress(text: string): string {
  if (typeof text === "string" && /^0x[0-9a-fA-F]{40}$/.test(text)) {
    const digits = text.slice(2);
    const lower = digits.toLowerCase();
    if (digits === lower || digits === digits.toUpperCase() || digits === checksummed(lower)) return `0x${lower}`;
  }
  const shown = typeof text === "string" ? text.slice(0, 50) : typeof text;
  throw new LedgerError("invalid-argument", `${JSON.stringify(shown)} is not an address`, {
    values: { address: shown },
  });
}

/** EIP-55: a letter is upper case where the hash of the lower-case digits has a digit of 8 or more. */
function checksummed(lower: string): string {
  const hash = bytesToHex(keccak_256(utf8(lower)));
  return lower.replaceAll(/[a-f]/g, (letter, at: number) => ((hash[at] ?? "0") >= "8" ? letter.toUpperCase() : letter));
}
