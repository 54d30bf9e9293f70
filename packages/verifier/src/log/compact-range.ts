import { type Bytes, emptyRoot, leafHash, nodeHash } from "@eventchain/core";

/** Called for each complete subtree of 256^level leaves, in order: its index among those of its level, and its root. */
export type NodeSink = (level: number, index: bigint, hash: Bytes) => void;

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
    let hash = leafHash(entry);
    let height = 0;
    this.#size += 1n;
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
