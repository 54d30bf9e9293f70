import { type Bytes, TILE_WIDTH } from "@eventchain/core";
import { fromBytea, integerAt, textAt } from "./decode.ts";
import { statement } from "./load-statement.ts";
import type { Snapshot } from "./open-snapshot.ts";

const tileRange = statement("tile-range");

const WIDTH = BigInt(TILE_WIDTH);
/** Tiles kept in memory: 16 MiB of hashes. */
const MAX_TILES = 2048;

/**
 * The sealed events' hashes, by position, out of the entry tiles: only a part is in memory at a time. `size` is the number of
 * entries that stand there without a hole.
 */
export class EntryList {
  readonly size: bigint;
  readonly #snapshot: Snapshot;
  readonly #ledgerId: bigint;
  readonly #tiles = new Map<bigint, Bytes>();

  constructor(snapshot: Snapshot, ledgerId: bigint, size: bigint) {
    this.#snapshot = snapshot;
    this.#ledgerId = ledgerId;
    this.size = size;
  }

  /** Brings the entries at these positions into memory, as far as there are any. */
  async load(from: bigint, to: bigint): Promise<void> {
    const first = (max(from, 1n) - 1n) / WIDTH;
    const last = (min(to, this.size) - 1n) / WIDTH;
    if (this.size === 0n || last < first) return;
    let start = first;
    while (start <= last && this.#tiles.has(start)) start += 1n;
    if (start > last) return;
    const rows = await this.#snapshot.rows(tileRange, [this.#ledgerId, start, last]);
    for (const row of rows) this.#tiles.set(integerAt(row, 0), fromBytea(textAt(row, 1)));
    for (const tile of this.#tiles.keys()) {
      if (this.#tiles.size <= MAX_TILES) break;
      if (tile < first || tile > last) this.#tiles.delete(tile);
    }
  }

  /** The hash sealed at a position that was loaded; undefined outside 1 … `size`, and for what was not loaded. */
  at(position: bigint): Bytes | undefined {
    if (position < 1n || position > this.size) return undefined;
    const index = position - 1n;
    const tile = this.#tiles.get(index / WIDTH);
    const offset = Number(index % WIDTH) * 32;
    return tile?.subarray(offset, offset + 32);
  }

  /** The hashes from a position on that are in memory together, up to `to` at most; empty where the first is not. */
  run(position: bigint, to: bigint): Bytes {
    const index = position - 1n;
    const offset = Number(index % WIDTH) * 32;
    const count = Number(min(to, this.size) - index);
    return this.#tiles.get(index / WIDTH)?.subarray(offset, offset + 32 * count) ?? new Uint8Array(0);
  }

  /** The hash sealed at a position, loaded when it has to be. */
  async find(position: bigint): Promise<Bytes | undefined> {
    if (this.at(position) === undefined) await this.load(position, position);
    return this.at(position);
  }
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
