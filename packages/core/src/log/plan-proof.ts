import { LedgerError } from "../errors.ts";
import { MAX_INT63 } from "../integers.ts";
import { bitLength, type LeafRange, levelLength, sourceOf, subtreesOf, TILE_WIDTH, type TileId } from "./tiles.ts";

/** The ranges whose hashes make the inclusion path, from the leaf up: PATH(m, D_n) of RFC 9162 section 2.1.3.1. */
export function inclusionRanges(index: bigint, size: bigint): LeafRange[] {
  checkSize(size);
  if (index < 0n || index >= size) throw outside("index", index, size);
  const ranges: LeafRange[] = [];
  let [start, end] = [0n, size];
  while (end - start > 1n) {
    const middle = start + splitAt(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** The ranges whose hashes make the consistency path: PROOF(m, D_n) of RFC 9162 section 2.1.4.1. */
export function consistencyRanges(size1: bigint, size2: bigint): LeafRange[] {
  checkSize(size2);
  if (size1 < 1n || size1 > size2) throw outside("size1", size1, size2);
  const ranges: LeafRange[] = [];
  let [start, end] = [0n, size2];
  while (size1 < end) {
    const middle = start + splitAt(end - start);
    if (size1 <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // Where the old tree is itself one of the new tree's left subtrees, the checker has its root already.
  if (start > 0n) ranges.push({ start, end });
  return ranges.reverse();
}

/** The tiles that `inclusionProof(tiles, index, size)` reads, by level and number. Throws `invalid-argument`. */
export function tilesForInclusion(index: bigint, size: bigint): TileId[] {
  return tilesOf(inclusionRanges(index, size));
}

/** The tiles that `consistencyProof(tiles, size1, size2)` reads, by level and number. Throws `invalid-argument`. */
export function tilesForConsistency(size1: bigint, size2: bigint): TileId[] {
  return tilesOf(consistencyRanges(size1, size2));
}

/** The tiles that `rootFromTiles(tiles, size)` reads, by level and number: at most one of each level. Throws `invalid-argument`. */
export function tilesForRoot(size: bigint): TileId[] {
  checkSize(size);
  return tilesOf([{ start: 0n, end: size }]);
}

/** The tiles that `extendLog(tiles, size, …)` reads: the partial ones at the right edge. Throws `invalid-argument`. */
export function tilesForExtend(size: bigint): TileId[] {
  checkSize(size);
  const ids: TileId[] = [];
  const width = BigInt(TILE_WIDTH);
  for (const level of [-1, 1, 2, 3, 4, 5, 6, 7]) {
    const length = levelLength(level, size);
    if (length % width !== 0n) ids.push({ level, tile: length / width });
  }
  return ids;
}

/** Throws `invalid-argument` unless 0 … 2^63 − 1. */
export function checkSize(size: bigint): void {
  if (typeof size === "bigint" && size >= 0n && size <= MAX_INT63) return;
  throw new LedgerError("invalid-argument", "a log's size is 0 … 2^63 − 1", { values: { size } });
}

function tilesOf(ranges: readonly LeafRange[]): TileId[] {
  const ids = new Map<string, TileId>();
  for (const subtree of ranges.flatMap(subtreesOf)) {
    const { id } = sourceOf(subtree);
    ids.set(`${id.level}/${id.tile}`, id);
  }
  return [...ids.values()].sort((a, b) => a.level - b.level || (a.tile < b.tile ? -1 : 1));
}

/** The greatest power of two below a length of 2 or more: where a tree divides. */
function splitAt(length: bigint): bigint {
  return 1n << BigInt(bitLength(length - 1n) - 1);
}

function outside(what: string, value: bigint, size: bigint): LedgerError {
  return new LedgerError("invalid-argument", `${what} ${value} does not fit a log of ${size}`, {
    values: { [what]: value, size },
  });
}
