import { createHash } from "node:crypto";
import {
  consistencyProof,
  extendLog,
  inclusionProof,
  leafHash,
  rootFromTiles,
  rootOf,
  type TileId,
  type TileReader,
  tilesForConsistency,
  tilesForExtend,
  tilesForInclusion,
  tilesForRoot,
  verifyConsistency,
  verifyInclusion,
} from "@eventchain/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

// RFC 9162 section 2.1 as it is written: recursive, over the list of entries, sharing no code with what it judges.
const MAX_SIZE = 700;
const H = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest());
const entries = Array.from({ length: MAX_SIZE }, (_, i) => H(Buffer.from(`entry ${i}`)));
const remembered = new Map<number, Uint8Array>();

/** MTH(D[from:to]). */
function naiveRoot(from: number, to: number): Uint8Array {
  if (to === from) return H();
  const key = from * 1000 + to;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const middle = from + split(to - from);
  const hash =
    to - from === 1
      ? H(Uint8Array.of(0), entries[from] as Uint8Array)
      : H(Uint8Array.of(1), naiveRoot(from, middle), naiveRoot(middle, to));
  remembered.set(key, hash);
  return hash;
}

/** PATH(m, D[from:to]), with m counted from `from`. */
function naivePath(m: number, from: number, to: number): Uint8Array[] {
  if (to - from === 1) return [];
  const middle = from + split(to - from);
  return from + m < middle
    ? [...naivePath(m, from, middle), naiveRoot(middle, to)]
    : [...naivePath(from + m - middle, middle, to), naiveRoot(from, middle)];
}

/** SUBPROOF(m, D[from:to], b). */
function naiveProof(m: number, from: number, to: number, whole: boolean): Uint8Array[] {
  if (m === to - from) return whole ? [] : [naiveRoot(from, to)];
  const k = split(to - from);
  return m <= k
    ? [...naiveProof(m, from, from + k, whole), naiveRoot(from + k, to)]
    : [...naiveProof(m - k, from + k, to, false), naiveRoot(from, from + k)];
}

function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/** Tiles in memory, as a database would keep them. */
function openTiles(): {
  read: TileReader;
  only: (ids: readonly TileId[]) => TileReader;
  append: (upTo: number) => Uint8Array;
} {
  const stored = new Map<string, Uint8Array>();
  let size = 0;
  const key = (id: TileId) => `${id.level}/${id.tile}`;
  const only = (ids: readonly TileId[]): TileReader => {
    const names = new Set(ids.map(key));
    return (id) => (names.has(key(id)) ? stored.get(key(id)) : undefined);
  };
  return {
    read: (id) => stored.get(key(id)),
    only,
    append(upTo) {
      const extended = extendLog(only(tilesForExtend(BigInt(size))), BigInt(size), entries.slice(size, upTo));
      for (const { id, hashes } of extended.tiles) stored.set(key(id), hashes);
      size = upTo;
      return extended.root;
    },
  };
}

const full = openTiles();
full.append(MAX_SIZE);
const size = fc.integer({ min: 1, max: MAX_SIZE });
const sizeAndIndex = size.chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n - 1 })));
const twoSizes = fc.tuple(size, size).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

/** One bit of one of the byte strings changed. */
function flip(parts: readonly Uint8Array[], at: number): Uint8Array[] {
  const bits = parts.reduce((sum, part) => sum + 8 * part.length, 0);
  let bit = at % bits;
  return parts.map((part) => {
    const copy = part.slice();
    if (bit >= 0 && bit < 8 * part.length) copy[bit >> 3] = (part[bit >> 3] as number) ^ (1 << (bit & 7));
    bit -= 8 * part.length;
    return copy;
  });
}

describe("the log's tree", () => {
  test("has the root of RFC 9162 at every size, grown one entry at a time", () => {
    const tiles = openTiles();
    for (let n = 1; n <= MAX_SIZE; n++) expect(tiles.append(n)).toEqual(naiveRoot(0, n));
  });

  test("comes out the same whatever batches it grew in", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 12 }), (batches) => {
        const tiles = openTiles();
        let n = 0;
        for (const batch of batches) {
          n = Math.min(MAX_SIZE, n + batch);
          expect(tiles.append(n)).toEqual(naiveRoot(0, n));
        }
        const atOnce = extendLog(() => undefined, 0n, entries.slice(0, n));
        for (const { id, hashes } of atOnce.tiles) expect(tiles.read(id)).toEqual(hashes);
        expect(rootOf(entries.slice(0, n).map(leafHash))).toEqual(naiveRoot(0, n));
      }),
      { numRuns: 30 },
    );
  });

  test("gives an older root from the tiles that are named for it", () => {
    fc.assert(
      fc.property(size, (n) => {
        expect(rootFromTiles(full.only(tilesForRoot(BigInt(n))), BigInt(n))).toEqual(naiveRoot(0, n));
      }),
    );
  });
});

describe("an inclusion proof", () => {
  test("is the naive one, made from the named tiles alone, and verifies", () => {
    fc.assert(
      fc.property(sizeAndIndex, ([n, m]) => {
        const [index, size] = [BigInt(m), BigInt(n)];
        const path = inclusionProof(full.only(tilesForInclusion(index, size)), index, size);
        expect(path).toEqual(naivePath(m, 0, n));
        expect(
          verifyInclusion({ leafHash: leafHash(entries[m] as Uint8Array), index, size, path, root: naiveRoot(0, n) }),
        ).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("is refused with a bit changed, a hash more or less, or for another index or size", () => {
    fc.assert(
      fc.property(sizeAndIndex, fc.nat(), fc.integer({ min: 0, max: 2 * MAX_SIZE }), ([n, m], at, other) => {
        const leaf = leafHash(entries[m] as Uint8Array);
        const path = naivePath(m, 0, n);
        const claim = { leafHash: leaf, index: BigInt(m), size: BigInt(n), path, root: naiveRoot(0, n) };
        const [bentLeaf, bentRoot, ...bentPath] = flip([leaf, claim.root, ...path], at) as [Uint8Array, Uint8Array];
        expect(verifyInclusion({ ...claim, leafHash: bentLeaf, root: bentRoot, path: bentPath })).toBe(false);
        expect(verifyInclusion({ ...claim, path: [...path, leaf] })).toBe(false);
        expect(verifyInclusion({ ...claim, path: [leaf, ...path] })).toBe(false);
        if (path.length > 0) expect(verifyInclusion({ ...claim, path: path.slice(0, -1) })).toBe(false);
        if (path.length > 0) expect(verifyInclusion({ ...claim, path: path.slice(1) })).toBe(false);
        if (other !== m) expect(verifyInclusion({ ...claim, index: BigInt(other) })).toBe(false);
        expect(verifyInclusion({ ...claim, index: BigInt(n + other) })).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("of one leaf does not serve for another", () => {
    fc.assert(
      fc.property(sizeAndIndex, fc.nat(), ([n, m], at) => {
        const other = at % n;
        if (other === m) return;
        const claim = { index: BigInt(m), size: BigInt(n), path: naivePath(other, 0, n), root: naiveRoot(0, n) };
        expect(verifyInclusion({ ...claim, leafHash: leafHash(entries[m] as Uint8Array) })).toBe(false);
        expect(verifyInclusion({ ...claim, leafHash: leafHash(entries[other] as Uint8Array) })).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a consistency proof", () => {
  test("is the naive one, made from the named tiles alone, and verifies", () => {
    fc.assert(
      fc.property(twoSizes, ([m, n]) => {
        const [size1, size2] = [BigInt(m), BigInt(n)];
        const path = consistencyProof(full.only(tilesForConsistency(size1, size2)), size1, size2);
        expect(path).toEqual(naiveProof(m, 0, n, true));
        expect(verifyConsistency({ size1, size2, root1: naiveRoot(0, m), root2: naiveRoot(0, n), path })).toBe(true);
      }),
      { numRuns: 300, examples: [[[256, 512]], [[512, 700]], [[1, 700]], [[255, 257]]] },
    );
  });

  test("is refused with a bit changed, a hash more or less, or for other sizes", () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), fc.integer({ min: 0, max: MAX_SIZE }), ([m, n], at, other) => {
        const path = naiveProof(m, 0, n, true);
        const claim = { size1: BigInt(m), size2: BigInt(n), root1: naiveRoot(0, m), root2: naiveRoot(0, n), path };
        const [root1, root2, ...bent] = flip([claim.root1, claim.root2, ...path], at) as [Uint8Array, Uint8Array];
        expect(verifyConsistency({ ...claim, root1, root2, path: bent })).toBe(false);
        expect(verifyConsistency({ ...claim, path: [...path, root1] })).toBe(false);
        if (path.length > 0) expect(verifyConsistency({ ...claim, path: path.slice(0, -1) })).toBe(false);
        if (path.length > 0) expect(verifyConsistency({ ...claim, path: path.slice(1) })).toBe(false);
        if (other !== m) expect(verifyConsistency({ ...claim, size1: BigInt(other) })).toBe(false);
        if (m !== n) expect(verifyConsistency({ ...claim, size1: claim.size2, size2: claim.size1 })).toBe(false);
        expect(verifyConsistency({ ...claim, size1: 0n })).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("does not lead from a history that was rewritten", () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), ([m, n], at) => {
        const forged = entries.slice(0, m).with(at % m, H(Buffer.from("forged")));
        const root1 = rootOf(forged.map(leafHash));
        const claim = {
          size1: BigInt(m),
          size2: BigInt(n),
          root1,
          root2: naiveRoot(0, n),
          path: naiveProof(m, 0, n, true),
        };
        expect(verifyConsistency(claim)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});
