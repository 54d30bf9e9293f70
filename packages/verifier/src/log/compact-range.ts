import { type Bytes, emptyRoot, leafHash, leafHashes, nodeHash, nodeHashes } from "@eventchain/core";

/** Called for each complete subtree of 256^level leaves, in order: its index among those of its level, and its root. */
export type NodeSink = (level: number, index: bigint, hash: Bytes) => void;

/** Of a subtree of 256 leaves. */
const TILE_HEIGHT = 8;

/**
 * A Merkle tree (RFC 9162 section 2.1.1) that grows at its right edge and keeps no more than that edge: the roots of the complete
 * subtrees it consists of, largest first.
 */
export class CompactRange {
  readonly #edge: { height: number; hash: Bytes }[] = [];
  readonly #onNode: NodeSink | undefined;
  #size = 0n;

  constructor(onNode?: NodeSink) {
    this.#onNode = onNode;
  }

  get size(): bigint {
    return this.#size;
  }

  /** Appends an entry (an event's hash). */
  push(entry: Bytes): void {
    this.#append(leafHash(entry), 0);
  }

  /** Appends 256 entries at once, 32 bytes each, one after the other; the size is a multiple of 256. */
  pushTile(entries: Bytes): void {
    let level = leafHashes(entries);
    while (level.length > 32) level = nodeHashes(level);
    this.#append(level, TILE_HEIGHT);
  }

  /** Appends a complete subtree of 2^height leaves by its root. */
  #append(root: Bytes, from: number): void {
    let hash = root;
    let height = from;
    this.#size += 1n << BigInt(height);
    if (height > 0) this.#onNode?.(height / 8, (this.#size >> BigInt(height)) - 1n, hash);
    while (this.#edge.at(-1)?.height === height) {
      const left = this.#edge.pop() as { hash: Bytes };
      hash = nodeHash(left.hash, hash);
      height += 1;
      if (height % 8 === 0) this.#onNode?.(height / 8, (this.#size >> BigInt(height)) - 1n, hash);
    }
    this.#edge.push({ height, hash });
  }

  /** The root over all entries so far. */
  root(): Bytes {
    let root: Bytes | undefined;
    for (let i = this.#edge.length - 1; i >= 0; i--) {
      const { hash } = this.#edge[i] as { hash: Bytes };
      root = root === undefined ? hash : nodeHash(hash, root);
    }
    return root ?? emptyRoot();
  }
}
