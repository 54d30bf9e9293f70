import { concatBytes, emptyRoot, leafHash, rootOf, sha256, u64 } from "@eventchain/core";
import { expect, test } from "vitest";
import { CompactRange } from "./compact-range.ts";

const entries = Array.from({ length: 600 }, (_, i) => sha256(u64(BigInt(i))));

test("has the root of the tree at every size", () => {
  const range = new CompactRange();
  expect(range.root()).toEqual(emptyRoot());
  for (const [i, entry] of entries.entries()) {
    range.push(entry);
    expect(range.size).toBe(BigInt(i + 1));
    if (i < 40 || i % 37 === 0) expect(range.root()).toEqual(rootOf(entries.slice(0, i + 1).map(leafHash)));
  }
});

test("tells of each complete subtree of 256 leaves", () => {
  const nodes: [number, bigint, Uint8Array][] = [];
  const range = new CompactRange((...node) => nodes.push(node));
  for (const entry of entries) range.push(entry);
  const roots = [0, 256].map((start) => rootOf(entries.slice(start, start + 256).map(leafHash)));
  expect(nodes).toEqual([
    [1, 0n, roots[0]],
    [1, 1n, roots[1]],
  ]);
});

test("takes tiles of entries at once as it takes them one by one", () => {
  const told: [number, bigint, Uint8Array][][] = [[], []];
  const [one, many] = told.map((nodes) => new CompactRange((...node) => nodes.push(node))) as [
    CompactRange,
    CompactRange,
  ];
  for (const entry of entries) one.push(entry);
  for (const start of [0, 256]) many.pushTile(concatBytes(...entries.slice(start, start + 256)));
  for (const entry of entries.slice(512)) many.push(entry);
  expect(many.size).toBe(one.size);
  expect(many.root()).toEqual(one.root());
  expect(told[1]).toEqual(told[0]);
});
