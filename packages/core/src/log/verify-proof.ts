import { type Bytes, equalBytes } from "../encode-bytes.ts";
import { HASH_BYTES, nodeHash } from "./hash-nodes.ts";

/** A leaf and the path that is said to lead from it to a root. */
export interface InclusionClaim {
  leafHash: Bytes;
  /** From 0: an event's position less one. */
  index: bigint;
  size: bigint;
  path: readonly Bytes[];
}

/** Two roots and the path that is said to show that the second log begins with the first. */
export interface ConsistencyClaim {
  size1: bigint;
  size2: bigint;
  root1: Bytes;
  root2: Bytes;
  path: readonly Bytes[];
}

/**
 * The root that an inclusion path leads to (RFC 9162 section 2.1.3.2), or undefined when the index is at or past the size, the
 * path too long or too short, or a hash not of 32 bytes. Never throws.
 */
export function rootFromInclusion(claim: InclusionClaim): Bytes | undefined {
  const { leafHash, index, size, path } = claim;
  if (!areSizes(index, size) || index >= size || !areHashes([leafHash]) || !areHashes(path)) return undefined;
  let [node, last, hash] = [index, size - 1n, leafHash];
  for (const sibling of path) {
    if (last === 0n) return undefined;
    if ((node & 1n) === 1n || node === last) {
      hash = nodeHash(sibling, hash);
      // At the right edge a node without a sibling rises until it is a right child.
      while ((node & 1n) === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n ? hash : undefined;
}

/** Whether the path leads from the leaf at `index` to `root` in a log of `size` leaves. Malformed is false; never throws. */
export function verifyInclusion(claim: InclusionClaim & { root: Bytes }): boolean {
  const root = rootFromInclusion(claim);
  return root !== undefined && areHashes([claim.root]) && equalBytes(root, claim.root);
}

/**
 * Whether the log with `root2` begins with the log with `root1` (RFC 9162 section 2.1.4.2). Equal sizes need equal roots and an
 * empty path; `size1` = 0, `size1` > `size2` and everything malformed is false. Never throws.
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { size1, size2, root1, root2, path } = claim;
  if (!areSizes(size1, size2) || size1 === 0n || size1 > size2 || !areHashes([root1, root2]) || !areHashes(path))
    return false;
  if (size1 === size2) return path.length === 0 && equalBytes(root1, root2);
  // A first log of 2^n leaves is a subtree of the second, and its root is left out of the path.
  const [first, ...rest] = (size1 & (size1 - 1n)) === 0n ? [root1, ...path] : path;
  if (first === undefined || path.length === 0) return false;
  let [node, last, hash1, hash2] = [size1 - 1n, size2 - 1n, first, first];
  while ((node & 1n) === 1n) [node, last] = [node >> 1n, last >> 1n];
  for (const sibling of rest) {
    if (last === 0n) return false;
    if ((node & 1n) === 1n || node === last) {
      hash1 = nodeHash(sibling, hash1);
      hash2 = nodeHash(sibling, hash2);
      while ((node & 1n) === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
    } else {
      hash2 = nodeHash(hash2, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return last === 0n && equalBytes(hash1, root1) && equalBytes(hash2, root2);
}

function areSizes(a: unknown, b: unknown): boolean {
  return typeof a === "bigint" && typeof b === "bigint" && a >= 0n && b >= 0n;
}

function areHashes(hashes: readonly unknown[]): boolean {
  return Array.isArray(hashes) && hashes.every((hash) => hash instanceof Uint8Array && hash.length === HASH_BYTES);
}
