import { platform } from "#crypto";
import { hashBatch } from "../crypto/hash-batch.ts";
import type { Bytes } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";

/** Bytes of every hash in the log. */
export const HASH_BYTES = 32;

// Both are filled and hashed within one call, so nobody else ever sees them.
const leafInput = new Uint8Array(1 + HASH_BYTES);
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES);
nodeInput[0] = 0x01;

/** `H(0x00 || entry)`: the leaf of an event's hash (RFC 9162 section 2.1.1). Throws `invalid-argument` unless 32 bytes. */
export function leafHash(entry: Bytes): Bytes {
  checkHash(entry);
  leafInput.set(entry, 1);
  return platform.sha256(leafInput);
}

/** `H(0x01 || left || right)` (RFC 9162 section 2.1.1). Throws `invalid-argument` unless 32 bytes each. */
export function nodeHash(left: Bytes, right: Bytes): Bytes {
  checkHash(left);
  checkHash(right);
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return platform.sha256(nodeInput);
}

/** `leafHash` of each entry: 32 bytes each, one after the other, as the entries are. Throws `invalid-argument`. */
export function leafHashes(entries: Bytes): Bytes {
  checkHashes(entries, HASH_BYTES);
  return hashBatch(0x00, entries, HASH_BYTES);
}

/** `nodeHash` of each two hashes, of which there is an even number: one after the other, as they are. Throws `invalid-argument`. */
export function nodeHashes(children: Bytes): Bytes {
  checkHashes(children, 2 * HASH_BYTES);
  return hashBatch(0x01, children, 2 * HASH_BYTES);
}

/** The roots over each `count` of the hashes, one after the other; `count` is a power of two. Throws `invalid-argument`. */
export function rootsOfEach(hashes: Bytes, count: number): Bytes {
  let level = hashes;
  for (let width = count; width > 1; width /= 2) level = nodeHashes(level);
  return level;
}

/** The root of the tree without leaves: `H("")`. */
export function emptyRoot(): Bytes {
  return platform.sha256(new Uint8Array(0));
}

/** The root over leaf hashes, or over the roots of complete subtrees of one height (RFC 9162 section 2.1.1). */
export function rootOf(leafHashes: readonly Bytes[]): Bytes {
  let level = leafHashes;
  while (level.length > 1) {
    const above: Bytes[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i] as Bytes, level[i + 1]];
      above.push(right === undefined ? left : nodeHash(left, right));
    }
    level = above;
  }
  return level[0] ?? emptyRoot();
}

function checkHashes(hashes: Bytes, unit: number): void {
  if (hashes.length % unit === 0) return;
  throw new LedgerError("invalid-argument", `${hashes.length} bytes are not a number of ${unit}`);
}

function checkHash(hash: Bytes): void {
  if (hash.length === HASH_BYTES) return;
  throw new LedgerError("invalid-argument", `a hash has ${HASH_BYTES} bytes, not ${hash.length}`);
}
