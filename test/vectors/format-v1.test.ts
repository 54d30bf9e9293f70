import { readFileSync } from "node:fs";
import {
  bytesToHex,
  checkBundle,
  consistencyProof,
  eventHash,
  extendLog,
  formatBundle,
  formatCheckpoint,
  genesisHash,
  hexToBytes,
  inclusionProof,
  isCanonicalObject,
  leafHash,
  normaliseTags,
  openNote,
  type ProofBundle,
  parseBundle,
  parseCheckpoint,
  parseGenesis,
  parseHeader,
  rootFromInclusion,
  rootFromTiles,
  rootOf,
  signerFromSeed,
  signNote,
  stateHash,
  type TileId,
  verifyConsistency,
  verifyInclusion,
} from "@eventchain/core";
import { describe, expect, test } from "vitest";

interface Vectors {
  origin: string;
  genesis: string;
  snapshot: { state: string; salt: string };
  events: (Record<
    "position" | "stream" | "version" | "id" | "type" | "recordedAtMicros" | "data" | "salt" | "metadata",
    string
  > &
    Record<"metaSalt" | "header" | "dataHash" | "metaHash" | "contentHash" | "prevHash" | "hash", string> & {
      schema: number;
      tags: string[];
    })[];
  leafHashes: string[];
  roots: Record<string, string>;
  inclusion: { index: string; size: string; path: string[] }[];
  consistency: { from: string; to: string; path: string[] }[];
  checkpoint: { vkey: string; note: string };
  bundle: ProofBundle;
}

const vectors = JSON.parse(readFileSync(new URL("format-v1.json", import.meta.url), "utf8")) as Vectors;
const entries = vectors.events.map((event) => hexToBytes(event.hash, 32));
const leaves = vectors.leafHashes.map((leaf) => hexToBytes(leaf, 32));
const { tiles } = extendLog(() => undefined, 0n, entries);
const reader = (id: TileId) => tiles.find((tile) => tile.id.level === id.level && tile.id.tile === id.tile)?.hashes;
const root = (size: string) => hexToBytes(vectors.roots[size] as string, 32);
const bytes = (path: readonly string[]) => path.map((hash) => hexToBytes(hash, 32));

describe("the format's known answers", () => {
  test("the genesis leads to the first event", () => {
    expect(bytesToHex(genesisHash(vectors.genesis))).toBe(vectors.events[0]?.prevHash);
    expect(parseGenesis(vectors.genesis)).toMatchObject({ origin: vectors.origin, vkey: vectors.checkpoint.vkey });
  });

  test.each(vectors.events)("event $position, $type", (event) => {
    const hashes = eventHash({
      ...event,
      ledger: vectors.origin,
      salt: hexToBytes(event.salt, 16),
      metaSalt: hexToBytes(event.metaSalt, 16),
      position: BigInt(event.position),
      version: BigInt(event.version),
      recordedAtMicros: BigInt(event.recordedAtMicros),
      prevHash: hexToBytes(event.prevHash, 32),
    });
    expect(hashes.header).toBe(event.header);
    for (const name of ["dataHash", "metaHash", "contentHash", "hash"] as const)
      expect(bytesToHex(hashes[name])).toBe(event[name]);
    expect(parseHeader(event.header)).toMatchObject({ stream: event.stream, tags: event.tags, type: event.type });
    expect(normaliseTags(event.tags.toReversed())).toEqual(event.tags);
    expect([event.data, event.metadata, event.header].map((text) => isCanonicalObject(text))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test("the snapshot's state hash is the one its event commits to", () => {
    const { state, salt } = vectors.snapshot;
    const event = vectors.events.find(({ type }) => type === "$SnapshotTaken");
    expect(JSON.parse(event?.data ?? "{}").stateHash).toBe(bytesToHex(stateHash(hexToBytes(salt, 32), state)));
  });

  test("leaves and roots", () => {
    expect(entries.map((entry) => bytesToHex(leafHash(entry)))).toEqual(vectors.leafHashes);
    for (const [size, expected] of Object.entries(vectors.roots)) {
      expect(bytesToHex(rootOf(leaves.slice(0, Number(size))))).toBe(expected);
      expect(bytesToHex(rootFromTiles(reader, BigInt(size)))).toBe(expected);
    }
  });

  test.each(vectors.inclusion)("inclusion of $index in $size", ({ index, size, path }) => {
    expect(inclusionProof(reader, BigInt(index), BigInt(size)).map(bytesToHex)).toEqual(path);
    const claim = {
      leafHash: leaves[Number(index)] as Uint8Array,
      index: BigInt(index),
      size: BigInt(size),
      path: bytes(path),
    };
    expect(rootFromInclusion(claim)).toEqual(root(size));
    expect(verifyInclusion({ ...claim, root: root(size) })).toBe(true);
  });

  test.each(vectors.consistency)("consistency from $from to $to", ({ from, to, path }) => {
    expect(consistencyProof(reader, BigInt(from), BigInt(to)).map(bytesToHex)).toEqual(path);
    const sizes = { size1: BigInt(from), size2: BigInt(to), root1: root(from), root2: root(to) };
    expect(verifyConsistency({ ...sizes, path: bytes(path) })).toBe(true);
  });

  test("the checkpoint, by the seed of 32 bytes of 0x07", () => {
    const signer = signerFromSeed(vectors.origin, new Uint8Array(32).fill(7));
    const checkpoint = { origin: vectors.origin, size: 5n, root: root("5") };
    expect(signer.vkey).toBe(vectors.checkpoint.vkey);
    expect(signNote(formatCheckpoint(checkpoint), signer)).toBe(vectors.checkpoint.note);
    const { text, signedBy } = openNote(vectors.checkpoint.note, [signer.vkey]);
    expect(signedBy).toEqual([vectors.origin]);
    expect(parseCheckpoint(text)).toEqual(checkpoint);
  });

  test("the bundle", async () => {
    const text = formatBundle(vectors.bundle);
    expect(text).toBe(`${JSON.stringify(vectors.bundle)}\n`);
    expect(parseBundle(text)).toEqual(vectors.bundle);
    const report = await checkBundle(text, { vkeys: [vectors.checkpoint.vkey] });
    expect(report).toMatchObject({ ok: true, event: { position: "3", type: "CommentAdded", stream: "ticket-1" } });
    expect(report.checks.filter((check) => check.ok === null).map((check) => check.name)).toEqual([
      "anchor-consistency",
      "trust-root",
      "anchor-on-chain",
    ]);
  });
});
