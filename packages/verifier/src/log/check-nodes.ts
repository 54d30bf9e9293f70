import { type Bytes, bytesToHex, TILE_WIDTH } from "@eventchain/core";
import { statement } from "../database/load-statement.ts";
import type { Snapshot } from "../database/open-snapshot.ts";
import type { NodeSink } from "./compact-range.ts";

const nodeFind = statement("node-find");
const nodeCount = statement("node-count");

/** A stored node tile that is not what the entries give. */
export interface BadNodes {
  level: number;
  tile: bigint;
  /** The positions below it. */
  from: bigint;
  to: bigint;
}

/** Compares the stored node tiles with those that the entries give, as the log is walked. */
export class NodeTiles {
  readonly bad: BadNodes[] = [];
  readonly #snapshot: Snapshot;
  readonly #ledgerId: bigint;
  /** By level: the tile that is being filled, in hex. */
  readonly #open = new Map<number, { tile: bigint; hashes: string[] }>();
  #pending: { level: number; tile: bigint; hashes: string[] }[] = [];
  #expected = 0n;

  constructor(snapshot: Snapshot, ledgerId: bigint) {
    this.#snapshot = snapshot;
    this.#ledgerId = ledgerId;
  }

  readonly sink: NodeSink = (level: number, index: bigint, hash: Bytes) => {
    const open = this.#open.get(level) ?? { tile: index / BigInt(TILE_WIDTH), hashes: [] };
    open.hashes.push(bytesToHex(hash));
    if (open.hashes.length < TILE_WIDTH) {
      this.#open.set(level, open);
      return;
    }
    this.#pending.push({ level, ...open });
    this.#open.delete(level);
  };

  /** Looks up the tiles that have been filled since the last call. */
  async compare(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    for (const { level, tile, hashes } of pending) {
      this.#expected += 1n;
      const [row] = await this.#snapshot.rows(nodeFind, [this.#ledgerId, level, tile]);
      if (row?.[0] === `\\x${hashes.join("")}`) continue;
      const leaves = BigInt(TILE_WIDTH) ** BigInt(level);
      const first = tile * BigInt(TILE_WIDTH) * leaves;
      this.bad.push({ level, tile, from: first + 1n, to: first + BigInt(hashes.length) * leaves });
    }
  }

  /** The partial tiles at the edge, and whether there are more tiles than the log has. */
  async finish(): Promise<{ surplus: bigint }> {
    for (const [level, open] of this.#open) this.#pending.push({ level, ...open });
    this.#open.clear();
    await this.compare();
    const [row] = await this.#snapshot.rows(nodeCount, [this.#ledgerId]);
    return { surplus: BigInt(row?.[0] ?? "0") - this.#expected };
  }
}
