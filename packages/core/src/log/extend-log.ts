import { type Bytes, concatBytes } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { HASH_BYTES } from "./hash-nodes.ts";
import { checkSize } from "./plan-proof.ts";
import { rootFromTiles } from "./prove.ts";
import { badTile, levelLength, readHashes, subtreeRoots, TILE_WIDTH, type TileId, type TileReader } from "./tiles.ts";

/** A tile's whole contents after a change: 1 … 256 hashes of 32 bytes. */
export interface ChangedTile {
  id: TileId;
  hashes: Bytes;
}

/** The log after it was extended. */
export interface ExtendedLog {
  size: bigint;
  root: Bytes;
  /** Every tile that is new or has grown, from the entries up. */
  tiles: ChangedTile[];
}

const TILE_BYTES = TILE_WIDTH * HASH_BYTES;
/** Tiles whose roots are made at a time: as many as keep the hashes between below a megabyte. */
const TILES_AT_ONCE = 64;

/**
 * Appends entries (event hashes, 32 bytes each: a list of them, or one after the other) to the log of `size` leaves. Reads
 * the tiles that `tilesForExtend` names and takes them as they are: compare `rootFromTiles` with the last checkpoint's root
 * first. The new tiles may be views of the entries. Throws `invalid-argument`, and `tampered` for a tile at the right edge that is missing or not exactly as long as
 * `size` makes it.
 */
export function extendLog(tiles: TileReader, size: bigint, entries: readonly Bytes[] | Bytes): ExtendedLog {
  let arriving = flatten(entries);
  const newSize = size + BigInt(arriving.length / HASH_BYTES);
  checkSize(size);
  checkSize(newSize);
  const changed = new Map<string, ChangedTile>();
  for (let level = -1; arriving.length > 0; level = level === -1 ? 1 : level + 1) {
    const stored = levelLength(level, size);
    const edge = rightEdge(tiles, level, stored);
    const hashes = edge.length === 0 ? arriving : concatBytes(edge, arriving);
    for (let from = 0, tile = stored / BigInt(TILE_WIDTH); from < hashes.length; from += TILE_BYTES, tile++) {
      const id = { level, tile };
      changed.set(keyOf(id), { id, hashes: hashes.subarray(from, from + TILE_BYTES) });
    }
    arriving = rootsOfFullTiles(level, hashes);
  }
  const root = rootFromTiles((id) => changed.get(keyOf(id))?.hashes ?? tiles(id), newSize);
  return { size: newSize, root, tiles: [...changed.values()] };
}

function flatten(entries: readonly Bytes[] | Bytes): Bytes {
  const isFlat = entries instanceof Uint8Array;
  if (isFlat ? entries.length % HASH_BYTES !== 0 : entries.some((entry) => entry.length !== HASH_BYTES)) {
    throw new LedgerError("invalid-argument", `an entry has ${HASH_BYTES} bytes`);
  }
  return isFlat ? entries : concatBytes(...entries);
}

/** The hashes of the level's last tile, when that is partial. */
function rightEdge(tiles: TileReader, level: number, stored: bigint): Bytes {
  const count = Number(stored % BigInt(TILE_WIDTH));
  if (count === 0) return new Uint8Array(0);
  const id = { level, tile: stored / BigInt(TILE_WIDTH) };
  const hashes = readHashes(id, tiles(id));
  const held = hashes.length / HASH_BYTES;
  if (held !== count) throw badTile(id, `has ${held} hashes where the log's size says ${count}`);
  return hashes;
}

/** What the level above takes. */
function rootsOfFullTiles(level: number, hashes: Bytes): Bytes {
  const full = hashes.subarray(0, hashes.length - (hashes.length % TILE_BYTES));
  const roots = new Uint8Array(full.length / TILE_WIDTH);
  for (let from = 0; from < full.length; from += TILES_AT_ONCE * TILE_BYTES) {
    const part = full.subarray(from, from + TILES_AT_ONCE * TILE_BYTES);
    roots.set(subtreeRoots(level, part, TILE_WIDTH), from / TILE_WIDTH);
  }
  return roots;
}

function keyOf(id: TileId): string {
  return `${id.level}/${id.tile}`;
}
