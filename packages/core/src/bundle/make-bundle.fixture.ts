import { bytesToHex } from "../encode-bytes.ts";
import { type EventContent, eventHash } from "../event/hash-event.ts";
import { sha256 } from "../hash-bytes.ts";
import { u64 } from "../integers.ts";
import { extendLog } from "../log/extend-log.ts";
import { consistencyProof, inclusionProof, rootFromTiles } from "../log/prove.ts";
import { formatCheckpoint } from "../notes/checkpoint.ts";
import { type NoteSigner, signerFromSeed } from "../notes/note-keys.ts";
import { signNote } from "../notes/sign-note.ts";
import { onchainLedgerId } from "../trust/onchain-ledger-id.ts";
import { parseTrustRoot, type TrustRoot } from "../trust/trust-root.ts";
import type { ProofBundle } from "./proof-bundle.ts";
import { BUNDLE_CHECKS, type BundleCheckName, type Report } from "./report.ts";
import type { AnchorWitness, FoundAnchor } from "./witness.ts";

export const origin: string = "localhost/test";
export const log: NoteSigner = signerFromSeed(origin, new Uint8Array(32).fill(1));
export const stranger: NoteSigner = signerFromSeed("stranger", new Uint8Array(32).fill(2));
export const owner: string = `0x${"a1".repeat(20)}`;
const contract: string = `0x${"c0".repeat(20)}`;
const genesisHash: string = `0x${"9e".repeat(32)}`;
const ledgerId: string = onchainLedgerId(owner, origin);
export const trust: TrustRoot = parseTrustRoot({
  origin,
  owner,
  vkeys: [log.vkey],
  chains: [{ chainId: 31337, genesisHash, contract }],
});

/** A ledger of 20 events, of which the seventh is real; sealed at 12 and anchored at 20. */
const position = 7n;
const salt: Uint8Array = new Uint8Array(16).fill(5);
const prevHash = new Uint8Array(32).fill(6);
const content: EventContent = {
  ledger: origin,
  stream: "ticket-1",
  id: "019a9f00-0000-7000-8000-000000000001",
  type: "Opened",
  schema: 1,
  tags: ["a"],
  data: '{"title":"x"}',
  salt,
  metadata: '{"actor":"ada"}',
  metaSalt: salt,
  position,
  version: 2n,
  recordedAtMicros: 1763683200000000n,
  prevHash,
};
const entries = Array.from({ length: 20 }, (_, i) => sha256(u64(BigInt(i))));

/** The seventh event's bundle, true in all its parts; `change` makes it another event. */
export function makeBundle(change: Partial<EventContent> = {}): ProofBundle {
  const event = { ...content, ...change };
  const { header, hash } = eventHash(event);
  const { tiles } = extendLog(() => undefined, 0n, entries.with(Number(position) - 1, hash));
  const reader = () => tiles[0]?.hashes;
  return {
    format: "eventchain/proof@1",
    event: {
      header,
      data: event.data,
      salt: bytesToHex(event.salt),
      metadata: event.metadata,
      metaSalt: bytesToHex(event.metaSalt),
      prevHash: bytesToHex(event.prevHash),
      position: `${event.position}`,
      version: `${event.version}`,
      recordedAtMicros: `${event.recordedAtMicros}`,
    },
    inclusion: { size: "12", path: inclusionProof(reader, position - 1n, 12n).map(bytesToHex) },
    checkpoint: signNote(formatCheckpoint({ origin, size: 12n, root: rootFromTiles(reader, 12n) }), log),
    anchor: {
      chainId: "31337",
      genesisHash,
      contract,
      ledgerId,
      epoch: "0",
      size: "20",
      root: `0x${bytesToHex(rootFromTiles(reader, 20n))}`,
      txHash: `0x${"78".repeat(32)}`,
      blockNumber: "88",
      blockHash: `0x${"b1".repeat(32)}`,
      consistency: consistencyProof(reader, 12n, 20n).map(bytesToHex),
    },
  };
}

/** A chain that has the bundle's anchor; a test bends what it answers. */
export function chainOf(bundle: ProofBundle, bend: Partial<FoundAnchor> = {}): AnchorWitness {
  const { size, root, txHash, blockNumber, blockHash } = bundle.anchor as NonNullable<ProofBundle["anchor"]>;
  const found: FoundAnchor = {
    kind: "found",
    epoch: 0n,
    fromSize: 0n,
    size: BigInt(size),
    root,
    blockNumber: BigInt(blockNumber),
    blockHash,
    confirmations: 5n,
    finalized: true,
    ...bend,
  };
  const head = { epoch: 0n, size: 20n, root, timeSeconds: 1n, anchorer: owner, owner };
  return {
    identity: async () => ({ chainId: 31337n, genesisHash }),
    anchored: async (query) =>
      query.ledgerId === ledgerId && query.contract === contract && query.txHash === txHash
        ? found
        : { kind: "not-found" },
    head: async () => head,
  };
}

/** The checks of a report that failed, and those that were not made. */
export function outcome(report: Report): { failed: BundleCheckName[]; open: BundleCheckName[] } {
  return {
    failed: report.checks.filter((check) => check.ok === false).map((check) => check.name),
    open: report.checks.filter((check) => check.ok === null).map((check) => check.name),
  };
}

/** The checks that come after one. */
export const after = (name: BundleCheckName): BundleCheckName[] => BUNDLE_CHECKS.slice(BUNDLE_CHECKS.indexOf(name) + 1);
