import {
  type Bytes,
  bytesToHex,
  checkBundle,
  createGenesis,
  eventHash,
  extendLog,
  formatBundle,
  formatCheckpoint,
  genesisHash,
  onchainLedgerId,
  randomBytes,
  sha256,
  signerFromSeed,
  signNote,
  type TileId,
  type TrustRoot,
  utf8,
  uuidv7,
} from "@eventchain/core";
import type { AnchorRecord, StoredCheckpoint, StoredEvent } from "@eventchain/store";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventKey, type ProveDeps, proveEvent } from "./prove-event.ts";

const origin = "prove.test";
const owner = `0x${"11".repeat(20)}`;
const contract = `0x${"22".repeat(20)}`;
const chainGenesis = `0x${"33".repeat(32)}`;
const signer = signerFromSeed(origin, sha256(utf8("seed")));
const onchainId = onchainLedgerId(owner, origin);
const chainId = 31337n;

const trust: TrustRoot = {
  origin,
  owner,
  vkeys: [signer.vkey],
  chains: [{ chainId, genesisHash: chainGenesis, contract }],
};

/** A ledger in memory that was sealed at some sizes, and anchored at some of those. */
function sealedLedger(eventCount: number, sealedSizes: readonly number[], finalSizes: readonly number[]) {
  const events: StoredEvent[] = [];
  let prevHash = genesisHash(createGenesis({ origin, vkey: signer.vkey }));
  for (let index = 1; index <= eventCount; index++) {
    const content = {
      stream: `ticket-${index % 7}`,
      id: uuidv7(1_763_683_200_000n),
      type: "TicketOpened",
      schema: 1,
      tags: ["a"],
      data: `{"n":${index}}`,
      salt: randomBytes(16),
      metadata: '{"actor":"ann"}',
      metaSalt: randomBytes(16),
      position: BigInt(index),
      version: BigInt(Math.ceil(index / 7)),
      recordedAtMicros: BigInt(index),
      prevHash,
    };
    const { header: _, ...hashes } = eventHash({ ...content, ledger: origin });
    events.push({ ...content, ...hashes });
    prevHash = hashes.hash;
  }
  const tiles = new Map<string, Bytes>();
  const read = ({ level, tile }: TileId) => tiles.get(`${level}/${tile}`);
  const checkpoints: StoredCheckpoint[] = [];
  let size = 0n;
  for (const next of sealedSizes) {
    const log = extendLog(
      read,
      size,
      events.slice(Number(size), next).map(({ hash }) => hash),
    );
    for (const { id, hashes } of log.tiles) tiles.set(`${id.level}/${id.tile}`, hashes);
    size = log.size;
    const note = signNote(formatCheckpoint({ origin, size, root: log.root }), signer);
    checkpoints.push({ epoch: 0n, size, root: log.root, note, sealedAtMs: 0n });
  }
  const anchors = finalSizes.map((final) => anchorOf(checkpoints, BigInt(final)));
  const deps: ProveDeps = {
    ledgerId: 1n,
    origin,
    scope: {},
    store: {
      findEvent: async (_ledger, by) =>
        events.find((event) => ("id" in by ? event.id === by.id : event.position === by.position)),
      watermarks: async () => ({ sealedSize: size, anchoredSize: 0n, finalSize: 0n }),
    },
    log: {
      tiles: async () => read,
      checkpoint: async (_ledger, by) => checkpoints.find((each) => each.size >= (by?.atLeast ?? 0n)),
      coveringAnchor: async (_ledger, position) => anchors.find((each) => each.size >= position),
      recentAnchors: async () => anchors.toReversed(),
      contracts: async () => ({ chainId, genesisHash: chainGenesis, contract, onchainId, owner, openedBlock: 1n }),
    },
  };
  return { deps, events, tiles, anchors };
}

function anchorOf(checkpoints: readonly StoredCheckpoint[], size: bigint): AnchorRecord {
  const root = checkpoints.find((each) => each.size === size)?.root;
  if (root === undefined) throw new Error(`no checkpoint of size ${size}`);
  // What a proof takes of an anchor.
  const anchor: Partial<AnchorRecord> = {
    epoch: 0n,
    size,
    root: `0x${bytesToHex(root)}`,
    chainId,
    contract,
    txHash: `0x${"44".repeat(32)}`,
    state: "final",
    blockNumber: 88n,
    blockHash: `0x${"55".repeat(32)}`,
  };
  return anchor as AnchorRecord;
}

/** Every check that needs no chain holds. */
async function expectSound(bundle: Parameters<typeof formatBundle>[0], isAnchored: boolean): Promise<void> {
  const report = await checkBundle(formatBundle(bundle), { trust });
  const failed = report.checks.filter(({ ok }) => ok === false);
  expect(failed).toEqual([]);
  expect(report.checks.some(({ ok }) => ok === true)).toBe(true);
  expect(bundle.anchor !== null).toBe(isAnchored);
}

describe("proveEvent", () => {
  test("every bundle checks, wherever the event, its checkpoint and its anchor stand", async () => {
    const sizes = fc.uniqueArray(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.infiniteStream(fc.nat()), async (unsorted, draws) => {
        const sealed = unsorted.toSorted((a, b) => a - b);
        const draw = (below: number): number => (draws.next().value ?? 0) % below;
        const final = sealed.slice(0, draw(sealed.length + 1)).filter((_, index) => index % 2 === 0);
        const newest = sealed.at(-1) ?? 1;
        const { deps } = sealedLedger(newest + 1, sealed, final);
        for (const position of [1, newest, 1 + draw(newest), 1 + draw(newest)]) {
          const bundle = await proveEvent(deps, { position: BigInt(position) });
          await expectSound(bundle, position <= (final.at(-1) ?? 0));
          expect(BigInt(bundle.inclusion.size)).toBe(BigInt(sealed.find((size) => size >= position) ?? 0));
        }
        await expect(proveEvent(deps, { position: BigInt(newest + 1) })).rejects.toMatchObject({ code: "not-sealed" });
      }),
      { numRuns: 12 },
    );
  });

  test("metadata may be left out", async () => {
    const { deps } = sealedLedger(3, [3], [3]);
    const bundle = await proveEvent(deps, { position: 2n }, { withoutMetadata: true });
    expect(bundle.event).toMatchObject({ metadata: null, metaSalt: null, data: '{"n":2}' });
    await expectSound(bundle, true);
  });

  test("an erased event is proven by its hashes", async () => {
    const { deps, events } = sealedLedger(3, [3], []);
    events[1] = { ...(events[1] as StoredEvent), data: null, salt: null };
    const bundle = await proveEvent(deps, { position: 2n });
    expect(bundle.event).toMatchObject({ data: null, salt: null, metadata: '{"actor":"ann"}' });
    await expectSound(bundle, false);
  });

  test("finds by id, and says what is not there", async () => {
    const { deps, events } = sealedLedger(3, [2], []);
    const id = events[1]?.id ?? "";
    expect((await proveEvent(deps, eventKey(id.toUpperCase()))).event.position).toBe("2");
    await expect(proveEvent(deps, { position: 4n })).rejects.toMatchObject({ code: "not-found" });
    await expect(proveEvent(deps, { position: 3n })).rejects.toMatchObject({
      code: "not-sealed",
      values: { position: 3n, sealed: 2n },
    });
  });

  test("a smaller anchor that is not final yet does not hide a greater one that is", async () => {
    const { deps, anchors } = sealedLedger(3, [2, 3], [2, 3]);
    anchors[0] = { ...(anchors[0] as AnchorRecord), state: "mined" };
    const bundle = await proveEvent(deps, { position: 1n });
    expect(bundle.anchor).toMatchObject({ size: "3" });
    await expectSound(bundle, true);
  });

  test("what was changed since the seal gives an error, not a bundle", async () => {
    const { deps, events, tiles, anchors } = sealedLedger(600, [300, 600], [600]);
    const refused = { code: "tampered", values: { position: 2n } };
    const sound = events[1] as StoredEvent;
    for (const change of [{ data: '{"n":3}' }, { metadata: "{}" }, { type: "Other" }, { tags: [] }, { version: 9n }]) {
      events[1] = { ...sound, ...change };
      await expect(proveEvent(deps, { position: 2n })).rejects.toMatchObject(refused);
    }
    events[1] = sound;
    const sealedTile = tiles.get("-1/0") as Bytes;
    tiles.set("-1/0", sealedTile.toReversed());
    await expect(proveEvent(deps, { position: 2n })).rejects.toMatchObject(refused);
    tiles.set("-1/0", sealedTile);
    anchors[0] = { ...(anchors[0] as AnchorRecord), root: `0x${"66".repeat(32)}` };
    await expect(proveEvent(deps, { position: 2n })).rejects.toMatchObject(refused);
  });
});

describe("eventKey", () => {
  test.each<[Parameters<typeof eventKey>[0], object]>([
    [17n, { position: 17n }],
    ["17", { position: 17n }],
    [{ position: 17n }, { position: 17n }],
    ["019AA3B5-EC00-7586-B459-E73756C3DFF9", { id: "019aa3b5-ec00-7586-b459-e73756c3dff9" }],
  ])("takes %s", (given, key) => {
    expect(eventKey(given)).toEqual(key);
  });

  test.each([0n, -1n, "0", "017", "", "ticket-42", 17, null, {}, "9223372036854775808"])("refuses %s", (given) => {
    expect(() => eventKey(given as string)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  });
});
