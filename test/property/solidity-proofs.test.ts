// The contract's checks against those of @eventchain/core, and both against the definitions in naive-tree.ts.
import { readFileSync } from "node:fs";
import { bytesToHex, equalBytes, hexToBytes, leafHash, verifyConsistency, verifyInclusion } from "@eventchain/core";
import { Interface } from "ethers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileContract } from "../../scripts/compile-contract.ts";
import { naiveConsistency, naiveInclusion, naiveLeafHash, naiveTree, type RangeHash } from "../support/naive-tree.ts";
import { startTestChain, type TestChain } from "../support/test-chain.ts";

const LARGEST = 64;
const HARNESS = "0x00000000000000000000000000000000000000cc";
/** Cases in one eth_call: well below 2^24 gas, the cap of one transaction (EIP-7825). */
const BATCH = 200;

interface Consistency {
  size1: bigint;
  root1: Uint8Array;
  size2: bigint;
  root2: Uint8Array;
  path: Uint8Array[];
}
interface Inclusion {
  leafHash: Uint8Array;
  index: bigint;
  size: bigint;
  root: Uint8Array;
  path: Uint8Array[];
}

let node: TestChain;
let harness: Interface;

beforeAll(async () => {
  node = await startTestChain();
  const { abi, bytecode } = await compileContract("contracts/testing/Rfc9162Harness.sol", "Rfc9162Harness");
  harness = new Interface(abi as never);
  // What creation code gives back is the code to keep.
  const code = await node.rpc("eth_call", [{ data: bytecode }]);
  await node.rpc("hardhat_setCode", [HARNESS, code]);
});

afterAll(() => node.close());

async function ask(name: string, cases: readonly unknown[][]): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (let at = 0; at < cases.length; at += BATCH) {
    const data = harness.encodeFunctionData(name, [cases.slice(at, at + BATCH)]);
    const result = (await node.rpc("eth_call", [{ to: HARNESS, data, gas: "0xffffff" }])) as string;
    answers.push(...harness.decodeFunctionResult(name, result)[0]);
  }
  return answers;
}

const consistentOnChain = (cases: readonly Consistency[]): Promise<boolean[]> =>
  ask(
    "areConsistent",
    cases.map((one) => [one.size1, one.root1, one.size2, one.root2, one.path]),
  );
const includedOnChain = (cases: readonly Inclusion[]): Promise<boolean[]> =>
  ask(
    "areIncluded",
    cases.map((one) => [one.leafHash, one.index, one.size, one.root, one.path]),
  );

const leavesOf = (seed: number, count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => naiveLeafHash(Uint8Array.of(seed, index >> 8, index & 0xff)));
const tree: RangeHash = naiveTree(leavesOf(1, LARGEST));

function consistencyCase(range: RangeHash, size1: number, size2: number): Consistency {
  const [root1, root2] = [range(0, size1), range(0, size2)];
  return { size1: BigInt(size1), root1, size2: BigInt(size2), root2, path: naiveConsistency(range, size1, size2) };
}

function inclusionCase(range: RangeHash, index: number, size: number): Inclusion {
  const place = { index: BigInt(index), size: BigInt(size), root: range(0, size) };
  return { leafHash: range(index, index + 1), ...place, path: naiveInclusion(range, index, size) };
}

/** Every way of going wrong in the path: too short at either end, too long at either end, two swapped, a bit flipped. */
function mutatedPaths(path: readonly Uint8Array[], pick: number): Uint8Array[][] {
  const extra = new Uint8Array(32).fill(pick & 0xff);
  const mutated = [
    [...path, extra],
    [extra, ...path],
    [...path, ...path.slice(-1)],
  ];
  if (path.length > 0) {
    const at = pick % path.length;
    const flipped = Uint8Array.from(path[at] as Uint8Array);
    flipped[pick % 32] = (flipped[pick % 32] ?? 0) ^ (1 << (pick % 8));
    mutated.push(path.slice(1), path.slice(0, -1), path.with(at, flipped));
  }
  if (path.length > 1) {
    const at = pick % (path.length - 1);
    const [left, right] = [path[at] as Uint8Array, path[at + 1] as Uint8Array];
    mutated.push(path.with(at, right).with(at + 1, left));
  }
  const same = (other: Uint8Array[]): boolean =>
    other.length === path.length && other.every((hash, index) => equalBytes(hash, path[index] as Uint8Array));
  return mutated.filter((other) => !same(other));
}

/** Asks contract and core alike; equal answers, and then the contract's. */
async function agreed<T>(
  cases: readonly T[],
  onChain: (cases: readonly T[]) => Promise<boolean[]>,
  inCore: (one: T) => boolean,
): Promise<boolean[]> {
  const answers = await onChain(cases);
  const differing = cases.filter((one, index) => answers[index] !== inCore(one));
  expect(differing).toEqual([]);
  return answers;
}

describe(`every pair of sizes up to ${LARGEST}`, () => {
  const pairs = Array.from({ length: LARGEST }, (_, n) => Array.from({ length: n }, (_, m) => [m + 1, n + 1] as const));

  test("is consistent by its proof, and by no other", async () => {
    const right = pairs.flat().map(([size1, size2]) => consistencyCase(tree, size1, size2));
    expect(right).toHaveLength((LARGEST * (LARGEST - 1)) / 2);
    expect(await agreed(right, consistentOnChain, verifyConsistency)).not.toContain(false);
    const wrong = right.flatMap((one, pick) => mutatedPaths(one.path, pick).map((path) => ({ ...one, path })));
    expect(await agreed(wrong, consistentOnChain, verifyConsistency)).not.toContain(true);
    const otherSizes = right.map((one) => ({ ...one, size2: one.size2 + 1n }));
    await agreed(otherSizes, consistentOnChain, verifyConsistency);
    const swappedRoots = right.map((one) => ({ ...one, root1: one.root2, root2: one.root1 }));
    expect(await agreed(swappedRoots, consistentOnChain, verifyConsistency)).not.toContain(true);
  });

  test("includes every leaf by its path, and by no other", async () => {
    const places = pairs.flat().map(([size1, size2]) => inclusionCase(tree, size1 - 1, size2));
    const last = Array.from({ length: LARGEST }, (_, index) => inclusionCase(tree, index, index + 1));
    const right = [...places, ...last];
    expect(await agreed(right, includedOnChain, verifyInclusion)).not.toContain(false);
    const wrong = right.flatMap((one, pick) => mutatedPaths(one.path, pick).map((path) => ({ ...one, path })));
    expect(await agreed(wrong, includedOnChain, verifyInclusion)).not.toContain(true);
    const elsewhere = right.flatMap((one) => [
      { ...one, index: one.index + 1n },
      { ...one, index: one.index + one.size },
    ]);
    expect(await agreed(elsewhere, includedOnChain, verifyInclusion)).not.toContain(true);
  });
});

test("whatever is asked, contract and core answer alike", async () => {
  const size = fc.integer({ min: 1, max: 300 });
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const asked = fc.record({ seed: fc.nat(255), one: size, two: size, pick: fc.nat(), noise: fc.array(hash) });
  await fc.assert(
    fc.asyncProperty(asked, async ({ seed, one, two, pick, noise }) => {
      fc.pre(one !== two);
      const [size1, size2] = one < two ? [one, two] : [two, one];
      const range = naiveTree(leavesOf(seed, size2));
      const right = consistencyCase(range, size1, size2);
      const wrong = [...mutatedPaths(right.path, pick), noise].map((path) => ({ ...right, path }));
      const consistent = await agreed([right, ...wrong], consistentOnChain, verifyConsistency);
      expect(consistent).toEqual([true, ...wrong.map(() => false)]);

      const inside = inclusionCase(range, pick % size2, size2);
      const outside = [...mutatedPaths(inside.path, pick), noise].map((path) => ({ ...inside, path }));
      const included = await agreed([inside, ...outside], includedOnChain, verifyInclusion);
      expect(included).toEqual([true, ...outside.map(() => false)]);
    }),
    { numRuns: 60 },
  );
});

test("the format's known answers hold in the contract", async () => {
  const vectors = JSON.parse(readFileSync(new URL("../vectors/format-v1.json", import.meta.url), "utf8")) as {
    events: { hash: string }[];
    roots: Record<string, string>;
    inclusion: { index: string; size: string; path: string[] }[];
    consistency: { from: string; to: string; path: string[] }[];
  };
  const rootOf = (size: string): Uint8Array => hexToBytes(vectors.roots[size] ?? "", 32);
  const bytes = (path: string[]): Uint8Array[] => path.map((hex) => hexToBytes(hex, 32));
  const included = vectors.inclusion.map(({ index, size, path }) => {
    const entry = hexToBytes(vectors.events[Number(index)]?.hash ?? "", 32);
    const place = { index: BigInt(index), size: BigInt(size), root: rootOf(size), path: bytes(path) };
    return { leafHash: leafHash(entry), ...place };
  });
  const consistent = vectors.consistency
    .filter(({ from, to }) => from !== to)
    .map(({ from, to, path }) => ({
      ...{ size1: BigInt(from), root1: rootOf(from), size2: BigInt(to), root2: rootOf(to) },
      path: bytes(path),
    }));
  expect(await includedOnChain(included)).toEqual(included.map(() => true));
  expect(await consistentOnChain(consistent)).toEqual(consistent.map(() => true));
  expect([included.length, consistent.length].every((count) => count > 0)).toBe(true);
  expect(bytesToHex(naiveTree(included.map((one) => one.leafHash))(0, 1))).toBe(vectors.roots["1"]);
});
