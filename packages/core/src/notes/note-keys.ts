import { platform } from "#crypto";
import { isSoundKey } from "../crypto/is-sound-key.ts";
import { base64ToBytes } from "../decode-bytes.ts";
import { type Bytes, bytesToBase64, bytesToHex, concatBytes, utf8 } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { sha256 } from "../hash-bytes.ts";

/** The algorithm byte of plain Ed25519 keys (C2SP signed-note); 0x04 are the cosignature/v1 keys of witnesses. */
const ED25519 = 0x01;
const NEWLINE = 0x0a;

/** Signs notes under a name. The seed stays inside. */
export interface NoteSigner {
  name: string;
  /** 4 bytes. */
  keyId: Bytes;
  vkey: string;
  /** An Ed25519 signature, 64 bytes. */
  sign(message: Bytes): Bytes;
}

/** Checks notes signed under a name. */
export interface NoteVerifier {
  name: string;
  /** 4 bytes. */
  keyId: Bytes;
  vkey: string;
  /** Whether the 64 bytes are this key's signature over the message. */
  verify(message: Bytes, signature: Bytes): boolean;
}

/** A signer of a 32-byte Ed25519 seed (RFC 8032). Throws `bad-key`, which never holds the seed. */
export function signerFromSeed(name: string, seed: Bytes): NoteSigner {
  checkKeyName(name);
  if (seed.length !== 32) throw badKey(`a seed has 32 bytes, not ${seed.length}`);
  const kept = seed.slice();
  const publicKey = platform.ed25519PublicKey(kept);
  const keyId = keyIdOf(name, publicKey);
  const vkey = `${name}+${bytesToHex(keyId)}+${bytesToBase64(concatBytes(Uint8Array.of(ED25519), publicKey))}`;
  return { name, keyId, vkey, sign: (message) => platform.ed25519Sign(message, kept) };
}

/**
 * A verifier of its key text, `<name>+<key id in hex>+<base64(0x01 || public key)>` (C2SP signed-note).
 * Throws `bad-key` for another algorithm, a key id that is not the key's, or a public key of small order.
 */
export function verifierFromVkey(vkey: string): NoteVerifier {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey) ?? [];
  if (name === undefined || id === undefined || encoded === undefined) throw badKey("not of the form name+id+key");
  checkKeyName(name);
  const [algorithm, publicKey] = splitKey(encoded);
  if (algorithm !== ED25519) throw badKey(`algorithm ${algorithm} is not Ed25519 (1)`);
  if (!isSoundKey(publicKey)) throw badKey("not a sound Ed25519 public key");
  const keyId = keyIdOf(name, publicKey);
  if (bytesToHex(keyId) !== id) throw badKey("the key id is not that of the name and key");
  return { name, keyId, vkey, verify: (message, signature) => platform.ed25519Verify(message, signature, publicKey) };
}

/** Whether a text may name a key: not empty, no space of any kind, no `+`, no control character. */
export function isKeyName(name: string): boolean {
  return name.isWellFormed() && /^[^\s+\p{Cc}]+$/u.test(name);
}

/** `H(name || 0x0A || 0x01 || publicKey)[0..4]`. */
function keyIdOf(name: string, publicKey: Bytes): Bytes {
  return sha256(utf8(name), Uint8Array.of(NEWLINE, ED25519), publicKey).slice(0, 4);
}

function splitKey(encoded: string): [number | undefined, Bytes] {
  try {
    const bytes = base64ToBytes(encoded);
    return [bytes[0], bytes.slice(1)];
  } catch (error) {
    throw badKey("the key is not canonical base64", error);
  }
}

function checkKeyName(name: string): void {
  if (!isKeyName(name)) throw badKey("a key's name is not empty and holds no space and no +");
}

function badKey(problem: string, cause?: unknown): LedgerError {
  return new LedgerError("bad-key", `verifier key: ${problem}`, { cause });
}
