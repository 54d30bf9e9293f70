import {
  type Bytes,
  consistencyProof,
  leafHash,
  rootFromTiles,
  rootOf,
  sha256,
  TILE_WIDTH,
  type TileReader,
  utf8,
} from "@eventchain/core";

/** A log of any size. */
export interface UniformLog {
  root(size: bigint): Bytes;
  consistency(from: bigint, size: bigint): Bytes[];
}

/**
 * A log whose events all have one hash, made of `seed`: every full tile of a level is the same, so that a log of ten million
 * takes no memory. A proof's length, which the gas follows from, depends on sizes alone; its bytes do on the seed.
 */
export function uniformLog(seed: string): UniformLog {
  const entry = sha256(utf8(seed));
  const tiles = new Map<number, Bytes>([[-1, repeat(entry)]]);
  const roots = [leafHash(entry)];
  /** The root of a subtree of 256^level leaves. */
  function rootAt(level: number): Bytes {
    const known = roots[level];
    if (known !== undefined) return known;
    const below = rootAt(level - 1);
    const root = rootOf(Array.from({ length: TILE_WIDTH }, () => below));
    roots[level] = root;
    return root;
  }
  const read: TileReader = ({ level }) => {
    const tile = tiles.get(level) ?? repeat(rootAt(level));
    tiles.set(level, tile);
    return tile;
  };
  return {
    root: (size) => rootFromTiles(read, size),
    consistency: (from, size) => consistencyProof(read, from, size),
  };
}

function repeat(hash: Bytes): Bytes {
  const tile = new Uint8Array(TILE_WIDTH * hash.length);
  for (let at = 0; at < tile.length; at += hash.length) tile.set(hash, at);
  return tile;
}
