// The definitions of RFC 9162 section 2.1, word for word and slow: an oracle that shares no code with what it judges.
import { createHash } from "node:crypto";

/** MTH(D[from:to]), the hash of the leaves from `from` up to but without `to`. */
export type RangeHash = (from: number, to: number) => Uint8Array;

const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const naiveLeafHash = (entry: Uint8Array): Uint8Array => sha256(LEAF, entry);
const naiveNodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(NODE, left, right);

/** The greatest power of two below n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

function remembered(key: (from: number, to: number) => string, leaf: (index: number) => Uint8Array): RangeHash {
  const known = new Map<string, Uint8Array>();
  const range: RangeHash = (from, to) => {
    if (to - from === 1) return leaf(from);
    const name = key(from, to);
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    const middle = from + split(to - from);
    const hash = naiveNodeHash(range(from, middle), range(middle, to));
    known.set(name, hash);
    return hash;
  };
  return range;
}

/** A tree over these leaf hashes. */
export function naiveTree(leafHashes: readonly Uint8Array[]): RangeHash {
  return remembered(
    (from, to) => `${from}:${to}`,
    (index) => {
      const leaf = leafHashes[index];
      if (leaf === undefined) throw new Error(`no leaf ${index}`);
      return leaf;
    },
  );
}

/** A tree of any size whose leaves are all the same: a range's hash depends on its length only. */
export function uniformTree(leafHash: Uint8Array): RangeHash {
  return remembered(
    (from, to) => `${to - from}`,
    () => leafHash,
  );
}

/** PATH(index, D[0:size]), section 2.1.3.1. */
export function naiveInclusion(range: RangeHash, index: number, size: number): Uint8Array[] {
  const path = (m: number, from: number, to: number): Uint8Array[] => {
    if (to - from === 1) return [];
    const middle = from + split(to - from);
    return m < middle ? [...path(m, from, middle), range(middle, to)] : [...path(m, middle, to), range(from, middle)];
  };
  return path(index, 0, size);
}

/** PROOF(size1, D[0:size2]), section 2.1.4.1. */
export function naiveConsistency(range: RangeHash, size1: number, size2: number): Uint8Array[] {
  const subproof = (m: number, from: number, to: number, known: boolean): Uint8Array[] => {
    if (m === to) return known ? [] : [range(from, to)];
    const middle = from + split(to - from);
    return m <= middle
      ? [...subproof(m, from, middle, known), range(middle, to)]
      : [...subproof(m, middle, to, false), range(from, middle)];
  };
  return subproof(size1, 0, size2, true);
}
