import type { Bytes } from "../encode-bytes.ts";
import { emptyRoot, nodeHash } from "./hash-nodes.ts";
import { checkSize, consistencyRanges, inclusionRanges } from "./plan-proof.ts";
import { type LeafRange, readSubtree, subtreesOf, type TileReader } from "./tiles.ts";

/**
 * The inclusion path of the leaf at `index` (from 0) in the log of `size` leaves: 32 bytes each, from the leaf up (RFC 9162
 * section 2.1.3.1). Reads the tiles that `tilesForInclusion` names; those of a log that has grown since serve as well.
 * Throws `invalid-argument` for an index at or past the size, `tampered` for a tile that is missing or cut off.
 */
export function inclusionProof(tiles: TileReader, index: bigint, size: bigint): Bytes[] {
  return inclusionRanges(index, size).map((range) => hashOf(tiles, range));
}

/**
 * The consistency path from the log of `size1` leaves to that of `size2` (RFC 9162 section 2.1.4.1), empty for equal sizes.
 * Reads the tiles that `tilesForConsistency` names. Throws `invalid-argument` unless 1 ≤ size1 ≤ size2, and `tampered`.
 */
export function consistencyProof(tiles: TileReader, size1: bigint, size2: bigint): Bytes[] {
  return consistencyRanges(size1, size2).map((range) => hashOf(tiles, range));
}

/** The root of the log of `size` leaves, from the tiles that `tilesForRoot` names. Throws `invalid-argument`, `tampered`. */
export function rootFromTiles(tiles: TileReader, size: bigint): Bytes {
  checkSize(size);
  return size === 0n ? emptyRoot() : hashOf(tiles, { start: 0n, end: size });
}

function hashOf(tiles: TileReader, range: LeafRange): Bytes {
  return subtreesOf(range)
    .map((subtree) => readSubtree(tiles, subtree))
    .reduceRight((right, left) => nodeHash(left, right));
}
