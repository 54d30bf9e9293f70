import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesToHex, concatBytes } from "../encode-bytes.ts";
import { emptyRoot, leafHash, leafHashes, nodeHash, nodeHashes, rootOf } from "./hash-nodes.ts";
import { rootFromInclusion, verifyConsistency, verifyInclusion } from "./verify-proof.ts";

const leaf = (n: number) => leafHash(new Uint8Array(32).fill(n));
const [a, b, c] = [leaf(1), leaf(2), leaf(3)];
const ab = nodeHash(a, b);
const abc = nodeHash(ab, c);

test("leaves, nodes and roots are those of RFC 9162", () => {
  expect(bytesToHex(emptyRoot())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(rootOf([])).toEqual(emptyRoot());
  expect(rootOf([a])).toEqual(a);
  expect(rootOf([a, b, c])).toEqual(abc);
  expect(() => leafHash(new Uint8Array(31))).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  expect(() => nodeHash(a, new Uint8Array(33))).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

test("many leaves or nodes at once are the same as one by one", () => {
  const hashes = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 20 });
  fc.assert(
    fc.property(hashes, (entries) => {
      expect(leafHashes(concatBytes(...entries))).toEqual(concatBytes(...entries.map(leafHash)));
      const nodes = entries.map((entry) => nodeHash(entry, a));
      expect(nodeHashes(concatBytes(...entries.flatMap((entry) => [entry, a])))).toEqual(concatBytes(...nodes));
    }),
  );
  expect(() => leafHashes(new Uint8Array(33))).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  expect(() => nodeHashes(new Uint8Array(96))).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

describe("an inclusion proof", () => {
  const claim = { leafHash: c, index: 2n, size: 3n, path: [ab], root: abc };

  test("leads to the root", () => {
    expect(verifyInclusion(claim)).toBe(true);
    expect(rootFromInclusion({ leafHash: a, index: 0n, size: 1n, path: [] })).toEqual(a);
  });

  test.each<[string, object]>([
    ["an index at the size", { index: 3n }],
    ["a negative index", { index: -1n }],
    ["another index", { index: 1n }],
    ["size 0", { index: 0n, size: 0n, path: [] }],
    ["another size", { size: 4n }],
    ["a path too short", { path: [] }],
    ["a path too long", { path: [ab, ab] }],
    ["a root too long", { root: new Uint8Array([...abc, 0]) }],
    ["a short hash in the path", { path: [ab.slice(1)] }],
    ["a short leaf", { leafHash: c.slice(1) }],
    ["a path that is no list", { path: undefined }],
    ["numbers in place of bigints", { index: 2, size: 3 }],
    ["hex in place of bytes", { path: [bytesToHex(ab)] }],
  ])("is false with %s", (_, change) => {
    expect(verifyInclusion({ ...claim, ...change })).toBe(false);
  });
});

describe("a consistency proof", () => {
  const claim = { size1: 2n, size2: 3n, root1: ab, root2: abc, path: [c] };

  test("leads from one root to the other", () => {
    expect(verifyConsistency(claim)).toBe(true);
    expect(verifyConsistency({ size1: 1n, size2: 3n, root1: a, root2: abc, path: [b, c] })).toBe(true);
  });

  test("of equal sizes is empty, and the roots are equal", () => {
    expect(verifyConsistency({ size1: 3n, size2: 3n, root1: abc, root2: abc, path: [] })).toBe(true);
    expect(verifyConsistency({ size1: 3n, size2: 3n, root1: abc, root2: abc, path: [c] })).toBe(false);
    expect(verifyConsistency({ size1: 3n, size2: 3n, root1: abc, root2: ab, path: [] })).toBe(false);
  });

  test.each<[string, object]>([
    ["size1 0", { size1: 0n }],
    ["size1 0 and nothing else", { size1: 0n, root1: emptyRoot(), path: [] }],
    ["both sizes 0", { size1: 0n, size2: 0n, root1: emptyRoot(), root2: emptyRoot(), path: [] }],
    ["size1 above size2", { size1: 4n }],
    ["a negative size", { size1: -2n }],
    ["a path too short", { path: [] }],
    ["a path too long", { path: [c, c] }],
    ["another first root", { root1: c }],
    ["another second root", { root2: ab }],
    ["a short root", { root1: ab.slice(1) }],
    ["a short hash in the path", { path: [c.slice(1)] }],
    ["numbers in place of bigints", { size1: 2, size2: 3 }],
    ["a path that is no list", { path: null }],
  ])("is false with %s", (_, change) => {
    expect(verifyConsistency({ ...claim, ...change })).toBe(false);
  });
});
