import { keccak_256 } from "@noble/hashes/sha3.js";
import { checkOrigin } from "../check-name.ts";
import { hexToBytes } from "../decode-bytes.ts";
import { bytesToHex, concatBytes, utf8 } from "../encode-bytes.ts";
import { u64 } from "../integers.ts";
import { parseAddress } from "./parse-address.ts";

/**
 * A ledger's id in the contract: `keccak256(abi.encode(opener, origin))`, 0x and lower-case hex. `opener` is the address that
 * opened it, which is its first owner. Throws `invalid-argument`, `invalid-name`.
 */
export function onchainLedgerId(opener: string, origin: string): string {
  checkOrigin(origin);
  const address = hexToBytes(parseAddress(opener).slice(2), 20);
  const text = utf8(origin);
  const padding = new Uint8Array((32 - (text.length % 32)) % 32);
  // abi.encode(address, string): the address, the offset of the string (two words on), its length, its bytes padded.
  return `0x${bytesToHex(keccak_256(concatBytes(new Uint8Array(12), address, word(64), word(text.length), text, padding)))}`;
}

function word(value: number): Uint8Array {
  return concatBytes(new Uint8Array(24), u64(BigInt(value)));
}
