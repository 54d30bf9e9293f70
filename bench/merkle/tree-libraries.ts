import { hash } from "node:crypto";
import { extendLog, inclusionProof, leafHash, type TileReader, verifyInclusion } from "@eventchain/core";
import { loadPeer } from "../peers/load-peer.ts";
import { entryAt } from "./make-entries.ts";

/** A tree over entries from which every inclusion proof can be made. */
interface BuiltTree {
  /** Whether this entry is there, by a proof made beforehand: a check of it alone, without the tree. */
  proofOf(index: number): () => boolean;
}

export interface TreeLibrary {
  /** Turns entries into what the library takes. Not measured. */
  take(entries: Uint8Array): unknown;
  build(taken: unknown): BuiltTree;
}

const openOurs = async (): Promise<TreeLibrary> => ({
  take: (entries) => entries,
  build(taken) {
    const entries = taken as Uint8Array;
    const size = BigInt(entries.length / 32);
    const { root, tiles } = extendLog(() => undefined, 0n, entries);
    const stored = new Map(tiles.map(({ id, hashes }) => [`${id.level}/${id.tile}`, hashes]));
    const read: TileReader = (id) => stored.get(`${id.level}/${id.tile}`);
    return {
      proofOf(index) {
        const path = inclusionProof(read, BigInt(index), size);
        const claim = { leafHash: leafHash(entryAt(entries, index)), index: BigInt(index), size, path, root };
        return () => verifyInclusion(claim);
      },
    };
  },
});

/** What is used of merkletreejs 0.6. */
interface MerkleTreeJs {
  MerkleTree: {
    new (
      leaves: readonly Buffer[],
      hash: (value: Buffer) => Buffer,
      options: { hashLeaves: boolean },
    ): { getRoot(): Buffer; getProof(leaf: Buffer, index: number): unknown[] };
    verify(proof: unknown[], leaf: Buffer, root: Buffer, hash: (value: Buffer) => Buffer): boolean;
  };
}

const openMerkleTreeJs = async (): Promise<TreeLibrary> => {
  const { MerkleTree } = await loadPeer<MerkleTreeJs>("merkletreejs");
  const sha256 = (value: Buffer): Buffer => hash("sha256", value, "buffer");
  return {
    take: (entries) => Array.from({ length: entries.length / 32 }, (_, i) => Buffer.from(entryAt(entries, i))),
    build(taken) {
      const leaves = taken as Buffer[];
      const tree = new MerkleTree(leaves, sha256, { hashLeaves: true });
      const root = tree.getRoot();
      return {
        proofOf(index) {
          const leaf = sha256(leaves[index] as Buffer);
          const proof = tree.getProof(leaf, index);
          return () => MerkleTree.verify(proof, leaf, root, sha256);
        },
      };
    },
  };
};

/** What is used of @openzeppelin/merkle-tree 1.0. */
interface OpenZeppelinTree {
  SimpleMerkleTree: {
    of(values: readonly Uint8Array[]): { root: string; getProof(index: number): string[] };
    verify(root: string, leaf: Uint8Array, proof: string[]): boolean;
  };
}

const openOpenZeppelin = async (): Promise<TreeLibrary> => {
  const { SimpleMerkleTree } = await loadPeer<OpenZeppelinTree>("@openzeppelin/merkle-tree");
  return {
    take: (entries) => Array.from({ length: entries.length / 32 }, (_, i) => entryAt(entries, i)),
    build(taken) {
      const values = taken as Uint8Array[];
      const tree = SimpleMerkleTree.of(values);
      return {
        proofOf(index) {
          const proof = tree.getProof(index);
          return () => SimpleMerkleTree.verify(tree.root, values[index] as Uint8Array, proof);
        },
      };
    },
  };
};

/** RFC 9162's hashes by `crypto.hash`, one at a time, in one flat array for each level. */
const openBare = async (): Promise<TreeLibrary> => {
  const node = Buffer.alloc(65, 1);
  const hashInto = (input: Uint8Array, into: Uint8Array, at: number): void => {
    const digest = hash("sha256", input, "binary");
    for (let i = 0; i < 32; i++) into[at + i] = digest.charCodeAt(i);
  };
  const leavesOf = (entries: Uint8Array): Uint8Array => {
    const [leaves, leaf] = [new Uint8Array(entries.length), new Uint8Array(33)];
    for (let at = 0; at < entries.length; at += 32) {
      leaf.set(entries.subarray(at, at + 32), 1);
      hashInto(leaf, leaves, at);
    }
    return leaves;
  };
  const above = (level: Uint8Array): Uint8Array => {
    const count = level.length / 32;
    const next = new Uint8Array(32 * Math.ceil(count / 2));
    for (let i = 0; i + 1 < count; i += 2) {
      node.set(level.subarray(32 * i, 32 * i + 64), 1);
      hashInto(node, next, 16 * i);
    }
    if (count % 2 === 1) next.set(level.subarray(-32), next.length - 32);
    return next;
  };
  const climb = (levels: readonly Uint8Array[], index: number): { sibling: Uint8Array; isLeft: boolean }[] =>
    levels.slice(0, -1).flatMap((level, height) => {
      const sibling = (index >> height) ^ 1;
      if (32 * sibling >= level.length) return [];
      return [{ sibling: entryAt(level, sibling), isLeft: sibling < index >> height }];
    });
  return {
    take: (entries) => entries,
    build(taken) {
      const levels = [leavesOf(taken as Uint8Array)];
      for (let top = levels[0]; top !== undefined && top.length > 32; top = levels.at(-1)) levels.push(above(top));
      const root = levels.at(-1) as Uint8Array;
      return {
        proofOf(index) {
          const [path, leaf] = [climb(levels, index), entryAt(levels[0] as Uint8Array, index)];
          const reached = new Uint8Array(32);
          return () => {
            reached.set(leaf);
            for (const { sibling, isLeft } of path) {
              node.set(isLeft ? sibling : reached, 1);
              node.set(isLeft ? reached : sibling, 33);
              hashInto(node, reached, 0);
            }
            return Buffer.compare(reached, root) === 0;
          };
        },
      };
    },
  };
};

export const TREE_LIBRARIES: Readonly<Record<string, () => Promise<TreeLibrary>>> = {
  eventchain: openOurs,
  merkletreejs: openMerkleTreeJs,
  "@openzeppelin/merkle-tree": openOpenZeppelin,
  "crypto.hash": openBare,
};
