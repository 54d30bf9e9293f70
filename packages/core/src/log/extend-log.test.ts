import { describe, expect, test } from "vitest";
import type { Bytes } from "../encode-bytes.ts";
import { sha256 } from "../hash-bytes.ts";
import { u64 } from "../integers.ts";
import { extendLog } from "./extend-log.ts";
import { tilesForConsistency, tilesForExtend, tilesForInclusion, tilesForRoot } from "./plan-proof.ts";
import { consistencyProof, inclusionProof, rootFromTiles } from "./prove.ts";
import type { TileId, TileReader } from "./tiles.ts";

const entries = Array.from({ length: 600 }, (_, i) => sha256(u64(BigInt(i))));
const tampered = expect.objectContaining({ code: "tampered" });
const invalid = expect.objectContaining({ code: "invalid-argument" });

/** The tiles of the first `size` entries, some of which may be changed by `bend`. */
function tilesOf(
  size: number,
  bend: (id: TileId, hashes: Bytes) => Bytes | undefined = (_, hashes) => hashes,
): TileReader {
  const { tiles } = extendLog(() => undefined, 0n, entries.slice(0, size));
  return (id) => {
    const found = tiles.find((tile) => tile.id.level === id.level && tile.id.tile === id.tile);
    return found === undefined ? undefined : bend(found.id, found.hashes);
  };
}

describe("the tiles of a log", () => {
  test("are the entries, 256 a tile, and above them the full tiles' roots", () => {
    const { size, root, tiles } = extendLog(() => undefined, 0n, entries);
    expect(size).toBe(600n);
    expect(tiles.map(({ id, hashes }) => [id.level, id.tile, hashes.length / 32])).toEqual([
      [-1, 0n, 256],
      [-1, 1n, 256],
      [-1, 2n, 88],
      [1, 0n, 2],
    ]);
    expect(root).toEqual(rootFromTiles(tilesOf(600), 600n));
  });

  test("that change are those at the right edge alone", () => {
    const changed = (from: number, to: number) =>
      extendLog(tilesOf(from), BigInt(from), entries.slice(from, to)).tiles.map(({ id }) => `${id.level}/${id.tile}`);
    expect(changed(255, 256)).toEqual(["-1/0", "1/0"]);
    expect(changed(256, 257)).toEqual(["-1/1"]);
    expect(changed(300, 300)).toEqual([]);
    expect(changed(300, 600)).toEqual(["-1/1", "-1/2", "1/0"]);
  });

  test("that are read to extend it are the partial ones", () => {
    expect(tilesForExtend(0n)).toEqual([]);
    expect(tilesForExtend(256n)).toEqual([{ level: 1, tile: 0n }]);
    expect(tilesForExtend(600n)).toEqual([
      { level: -1, tile: 2n },
      { level: 1, tile: 0n },
    ]);
    expect(tilesForExtend(65_536n * 3n)).toEqual([{ level: 2, tile: 0n }]);
    expect(tilesForRoot(600n)).toEqual(tilesForExtend(600n));
  });

  test("that a proof reads grow with the logarithm only", () => {
    const size = 2n ** 40n - 1n;
    expect(tilesForInclusion(12_345_678_901n, size).length).toBeLessThanOrEqual(10);
    expect(tilesForConsistency(12_345_678_901n, size).length).toBeLessThanOrEqual(10);
    expect(tilesForInclusion(0n, 1n)).toEqual([]);
    expect(tilesForConsistency(5n, 5n)).toEqual([]);
  });
});

describe("a tile is refused, by its name,", () => {
  test("when it is missing", () => {
    const without = tilesOf(600, (id, hashes) => (id.level === 1 ? undefined : hashes));
    expect(() => rootFromTiles(without, 600n)).toThrow(
      expect.objectContaining({ code: "tampered", values: { level: 1, tile: 0n } }),
    );
    expect(() => extendLog(without, 600n, [])).toThrow(tampered);
  });

  test("when it is cut off, or not a whole number of hashes, or too long", () => {
    for (const bend of [
      (t: Bytes) => t.slice(32),
      (t: Bytes) => t.slice(1),
      (t: Bytes) => new Uint8Array([...t, 0]),
      () => new Uint8Array(257 * 32),
    ]) {
      const bent = tilesOf(600, (_, hashes) => bend(hashes));
      expect(() => inclusionProof(bent, 599n, 600n)).toThrow(tampered);
      expect(() => consistencyProof(bent, 600n, 700n)).toThrow(tampered);
    }
  });

  test("when it is longer than the size says, to extend it; to prove from it that is only a log that has grown", () => {
    expect(() => extendLog(tilesOf(600), 590n, [])).not.toThrow(); // reads for the root alone
    expect(() => extendLog(tilesOf(600), 590n, entries.slice(590))).toThrow(
      /has 88 hashes where the log's size says 78/,
    );
    expect(inclusionProof(tilesOf(600), 3n, 590n)).toEqual(inclusionProof(tilesOf(590), 3n, 590n));
  });
});

describe("a proof is not made", () => {
  test("for an index at or past the size", () => {
    for (const index of [-1n, 600n, 2n ** 70n])
      expect(() => inclusionProof(tilesOf(600), index, 600n)).toThrow(invalid);
    expect(() => inclusionProof(tilesOf(600), 0n, 0n)).toThrow(invalid);
  });

  test("from size 0, backwards, or for a size that no log has", () => {
    for (const [size1, size2] of [
      [0n, 600n],
      [601n, 600n],
      [-1n, 600n],
      [1n, 2n ** 63n],
    ] as const) {
      expect(() => consistencyProof(tilesOf(600), size1, size2)).toThrow(invalid);
    }
    for (const size of [-1n, 2n ** 63n, 5 as unknown as bigint]) expect(() => tilesForRoot(size)).toThrow(invalid);
  });
});

test("an entry that is not 32 bytes extends nothing", () => {
  expect(() => extendLog(() => undefined, 0n, [new Uint8Array(31)])).toThrow(invalid);
});
