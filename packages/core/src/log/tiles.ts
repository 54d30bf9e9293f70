import type { Bytes } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { HASH_BYTES, leafHashes, rootsOfEach } from "./hash-nodes.ts";

/** Hashes in a full tile. */
export const TILE_WIDTH = 256;

/** Tree levels that one level of tiles spans: 2^8 = 256. */
const TILE_HEIGHT = 8;

/**
 * Names a tile. Level −1 holds the entries (event hashes), from which the leaves follow; level L ≥ 1 holds the roots of complete
 * subtrees of 256^L leaves. `tile` counts from 0; the last tile of a level may be partial (C2SP tlog-tiles).
 */
export interface TileId {
  level: number;
  tile: bigint;
}

/** Gives a tile's hashes, one after the other, 32 bytes each; undefined for a tile that is not there. */
export type TileReader = (id: TileId) => Bytes | undefined;

/** A complete subtree: the leaves from `index · 2^height` on, 2^height of them. */
export interface Subtree {
  height: number;
  index: bigint;
}

/** Leaves from `start` up to, not including, `end`; `start` is a multiple of the least power of two that covers them. */
export interface LeafRange {
  start: bigint;
  end: bigint;
}

/** The complete subtrees of a range, from the left: one for each bit that is set in its length. */
export function subtreesOf(range: LeafRange): Subtree[] {
  const subtrees: Subtree[] = [];
  const length = range.end - range.start;
  let offset = range.start;
  for (let height = bitLength(length) - 1; height >= 0; height--) {
    if (((length >> BigInt(height)) & 1n) === 0n) continue;
    subtrees.push({ height, index: offset >> BigInt(height) });
    offset += 1n << BigInt(height);
  }
  return subtrees;
}

/** Where a subtree's root comes from: `count` hashes of one tile, from `from` on. */
export function sourceOf(subtree: Subtree): { id: TileId; from: number; count: number } {
  const level = Math.floor(subtree.height / TILE_HEIGHT);
  const rest = subtree.height % TILE_HEIGHT;
  const first = subtree.index << BigInt(rest);
  const id = { level: level === 0 ? -1 : level, tile: first / BigInt(TILE_WIDTH) };
  return { id, from: Number(first % BigInt(TILE_WIDTH)), count: 2 ** rest };
}

/** How many hashes the level holds in a log of `size` leaves. */
export function levelLength(level: number, size: bigint): bigint {
  return level === -1 ? size : size >> BigInt(TILE_HEIGHT * level);
}

/** A subtree's root out of the tiles. Throws `tampered` when the tile is missing, cut off or of no whole number of hashes. */
export function readSubtree(tiles: TileReader, subtree: Subtree): Bytes {
  const { id, from, count } = sourceOf(subtree);
  const hashes = readHashes(id, tiles(id)).subarray(from * HASH_BYTES, (from + count) * HASH_BYTES);
  const held = from + hashes.length / HASH_BYTES;
  if (held < from + count) throw badTile(id, `has ${held} hashes where ${from + count} are needed`);
  return subtreeRoots(id.level, hashes, count);
}

/** The roots over each `count` hashes of a level's tiles, one after the other; `count` is a power of two. */
export function subtreeRoots(level: number, hashes: Bytes, count: number): Bytes {
  return rootsOfEach(level === -1 ? leafHashes(hashes) : hashes, count);
}

/** A tile's hashes, one after the other. Throws `tampered`. */
export function readHashes(id: TileId, tile: Bytes | undefined): Bytes {
  if (tile === undefined) throw badTile(id, "is missing");
  const held = tile.length / HASH_BYTES;
  if (!Number.isInteger(held) || held > TILE_WIDTH) throw badTile(id, `has ${tile.length} bytes, which no tile has`);
  return tile;
}

/** The error for a tile that cannot be what the sealer stored. */
export function badTile(id: TileId, problem: string): LedgerError {
  return new LedgerError("tampered", `tile ${id.tile} of level ${id.level} ${problem}`, {
    values: { level: id.level, tile: id.tile },
  });
}

/** Binary digits of a number; 0 for 0. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
