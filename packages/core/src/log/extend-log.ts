import { type Bytes, concatBytes } from "../encode-bytes.ts";
import { LedgerError } from "../errors.ts";
import { HASH_BYTES, leafHash, rootOf } from "./hash-nodes.ts";
import { checkSize } from "./plan-proof.ts";
import { rootFromTiles } from "./prove.ts";
import { badTile, levelLength, readHashes, TILE_WIDTH, type TileId, type TileReader } from "./tiles.ts";

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

/**
 * Appends entries (event hashes, 32 bytes each) to the log of `size` leaves. Reads the tiles that `tilesForExtend` names and
 * takes them as they are: compare `rootFromTiles` with the last checkpoint's root first. Throws `invalid-argument`, and
 * `tampered` for a tile at the right edge that is missing or not exactly as long as `size` makes it.
 */
export function extendLog(tiles: TileReader, size: bigint, entries: readonly Bytes[]): ExtendedLog {
  const newSize = size + BigInt(entries.length);
  checkSize(size);
  checkSize(newSize);
  if (entries.some((entry) => entry.length !== HASH_BYTES)) {
    throw new LedgerError("invalid-argument", `an entry has ${HASH_BYTES} bytes`);
  }
  const changed = new Map<string, ChangedTile>();
  let arriving = entries;
  for (let level = -1; arriving.length > 0; level = level === -1 ? 1 : level + 1) {
    const stored = levelLength(level, size);
    const hashes = [...rightEdge(tiles, level, stored), ...arriving];
    const finished: Bytes[] = [];
    for (let from = 0; from < hashes.length; from += TILE_WIDTH) {
      const held = hashes.slice(from, from + TILE_WIDTH);
      const id = { level, tile: (stored + BigInt(from)) / BigInt(TILE_WIDTH) };
      changed.set(keyOf(id), { id, hashes: concatBytes(...held) });
      if (held.length === TILE_WIDTH) finished.push(rootOf(level === -1 ? held.map(leafHash) : held));
    }
    arriving = finished;
  }
  const root = rootFromTiles((id) => changed.get(keyOf(id))?.hashes ?? tiles(id), newSize);
  return { size: newSize, root, tiles: [...changed.values()] };
}

/** The hashes of the level's last tile, when that is partial. */
function rightEdge(tiles: TileReader, level: number, stored: bigint): Bytes[] {
  const count = Number(stored % BigInt(TILE_WIDTH));
  if (count === 0) return [];
  const id = { level, tile: stored / BigInt(TILE_WIDTH) };
  const hashes = readHashes(id, tiles(id), 0);
  if (hashes.length !== count) throw badTile(id, `has ${hashes.length} hashes where the log's size says ${count}`);
  return hashes;
}

function keyOf(id: TileId): string {
  return `${id.level}/${id.tile}`;
}
