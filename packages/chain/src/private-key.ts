import { LedgerError } from "@eventchain/core";
import { computeAddress, SigningKey } from "ethers";

/**
 * A secp256k1 private key from a key file's text: 0x and 64 hex digits, with or without a newline at the end. Gives it in
 * lower case. Throws "bad-key", which never shows the text.
 */
export function parsePrivateKey(text: string): string {
  const key = typeof text === "string" ? text.trim().toLowerCase() : "";
  if (!/^0x[0-9a-f]{64}$/.test(key)) {
    throw new LedgerError("bad-key", "a private key is 0x and 64 hex digits on one line");
  }
  if (!isOnCurve(key)) throw new LedgerError("bad-key", "the private key is zero or not below the curve's order");
  return key;
}

/** The address of a private key, 0x and lower case. Throws "bad-key". */
export function addressOf(key: string): string {
  return computeAddress(new SigningKey(parsePrivateKey(key))).toLowerCase();
}

function isOnCurve(key: string): boolean {
  try {
    return new SigningKey(key).publicKey !== "";
  } catch {
    // The error underneath may show the key.
    return false;
  }
}
