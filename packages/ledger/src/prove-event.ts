import {
  type Bytes,
  bytesToHex,
  chainHash,
  consistencyProof,
  contentHash,
  dataHash,
  equalBytes,
  eventHeader,
  hexToBytes,
  inclusionProof,
  LedgerError,
  leafHash,
  metaHash,
  type ProofBundle,
  parseDecimal,
  tilesForConsistency,
  tilesForInclusion,
  verifyConsistency,
  verifyInclusion,
} from "@eventchain/core";
import type { AccessScope, EventStore, LogStore, StoredCheckpoint, StoredEvent } from "@eventchain/store";
import { describeAnchor, findFinalAnchor } from "./find-final-anchor.ts";

export interface ProveDeps {
  ledgerId: bigint;
  origin: string;
  store: Pick<EventStore, "findEvent" | "watermarks">;
  /** Whoever may not see an event is told what they would be told if it did not exist, and nothing else. */
  scope: AccessScope;
  log: Pick<LogStore, "checkpoint" | "tiles" | "coveringAnchor" | "recentAnchors" | "contracts">;
}

/**
 * Makes the proof bundle of format.md for one event. The checkpoint is the smallest one that covers the event, so that a
 * bundle made before the event is final differs from one made after in its anchor alone.
 *
 * Every part is checked before it is given out: what the database has changed since the seal is an error here, not a
 * bundle that a stranger refuses.
 * @param by a position, or an event id.
 * Errors: LedgerError `not-found`, `not-sealed`, `tampered`.
 */
export async function proveEvent(
  deps: ProveDeps,
  by: { position: bigint } | { id: string },
  options: { withoutMetadata?: boolean | undefined } = {},
): Promise<ProofBundle> {
  const event = await deps.store.findEvent(deps.ledgerId, by, deps.scope);
  if (event === undefined) throw notFound(deps.origin, by);
  const checkpoint = await deps.log.checkpoint(deps.ledgerId, { atLeast: event.position });
  if (checkpoint === undefined) {
    const { sealedSize } = await deps.store.watermarks(deps.ledgerId);
    throw new LedgerError("not-sealed", `position ${event.position} is not sealed yet (sealed: ${sealedSize})`, {
      values: { position: event.position, sealed: sealedSize },
      retryable: true,
    });
  }
  return {
    format: "eventchain/proof@1",
    event: proveContent(deps.origin, event, options.withoutMetadata === true),
    inclusion: await proveInclusion(deps, event, checkpoint),
    checkpoint: checkpoint.note,
    anchor: await proveAnchor(deps, event, checkpoint),
  };
}

function proveContent(origin: string, event: StoredEvent, withoutMetadata: boolean): ProofBundle["event"] {
  const { data, salt, metadata, metaSalt, position, version, recordedAtMicros, prevHash } = event;
  const header = eventHeader({
    data: event.dataHash,
    id: event.id,
    ledger: origin,
    meta: event.metaHash,
    schema: event.schema,
    stream: event.stream,
    tags: event.tags,
    type: event.type,
  });
  const hash = chainHash({ prevHash, position, version, recordedAtMicros, contentHash: contentHash(header) });
  const fits =
    equalBytes(hash, event.hash) &&
    (data === null || salt === null || equalBytes(dataHash(salt, data), event.dataHash)) &&
    (metadata === null || metaSalt === null || equalBytes(metaHash(metaSalt, metadata), event.metaHash));
  if (!fits) throw tampered(position, "the stored event does not match its hash");
  return {
    header,
    data,
    salt: hexOrNull(salt),
    metadata: withoutMetadata ? null : metadata,
    metaSalt: withoutMetadata ? null : hexOrNull(metaSalt),
    prevHash: bytesToHex(prevHash),
    position: position.toString(),
    version: version.toString(),
    recordedAtMicros: recordedAtMicros.toString(),
  };
}

async function proveInclusion(
  { ledgerId, log }: ProveDeps,
  event: StoredEvent,
  { size, root }: StoredCheckpoint,
): Promise<ProofBundle["inclusion"]> {
  const index = event.position - 1n;
  const tiles = await log.tiles(ledgerId, tilesForInclusion(index, size));
  const path = inclusionProof(tiles, index, size);
  if (!verifyInclusion({ leafHash: leafHash(event.hash), index, size, path, root }))
    throw tampered(event.position, `the log's tiles do not lead from its hash to the checkpoint of size ${size}`);
  return { size: size.toString(), path: path.map(bytesToHex) };
}

async function proveAnchor(
  { ledgerId, log }: ProveDeps,
  event: StoredEvent,
  checkpoint: StoredCheckpoint,
): Promise<ProofBundle["anchor"]> {
  const anchor = await findFinalAnchor(log, ledgerId, event.position);
  if (anchor === undefined || anchor.epoch !== checkpoint.epoch) return null;
  const contract = await log.contracts(ledgerId);
  if (contract === undefined)
    throw tampered(event.position, "it has a final anchor, but the ledger's contract is gone");
  const { chainId, txHash, blockNumber, blockHash, size, root } = describeAnchor(anchor);
  const sizes = { size1: checkpoint.size, size2: size };
  const path: Bytes[] = [];
  if (size !== checkpoint.size) {
    const tiles = await log.tiles(ledgerId, tilesForConsistency(sizes.size1, sizes.size2));
    path.push(...consistencyProof(tiles, sizes.size1, sizes.size2));
  }
  if (!verifyConsistency({ ...sizes, root1: checkpoint.root, root2: hexToBytes(root.slice(2), 32), path }))
    throw tampered(
      event.position,
      `the log's tiles do not lead from the checkpoint of size ${checkpoint.size} to the anchor of size ${size}`,
    );
  return {
    chainId: chainId.toString(),
    genesisHash: contract.genesisHash,
    contract: anchor.contract,
    ledgerId: contract.onchainId,
    epoch: anchor.epoch.toString(),
    size: size.toString(),
    root,
    txHash,
    blockNumber: blockNumber.toString(),
    blockHash,
    consistency: path.map(bytesToHex),
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** How an event was named: a position (bigint, or decimal text), its id, or an event of a receipt or a read. */
export function eventKey(event: bigint | string | { position: bigint }): { position: bigint } | { id: string } {
  const named = typeof event === "object" && event !== null ? event.position : event;
  if (typeof named === "bigint" && named >= 1n) return { position: named };
  if (typeof named === "string" && UUID.test(named.toLowerCase())) return { id: named.toLowerCase() };
  if (typeof named === "string" && /^[1-9][0-9]*$/.test(named)) return { position: parseDecimal(named, "position") };
  throw new LedgerError("invalid-argument", `${String(named)} names no event: give a position from 1, or an event id`, {
    values: { event: String(named) },
  });
}

/** The error for an event that does not exist, or may not be seen: the same one. */
export function notFound(origin: string, by: { position: bigint } | { id: string }): LedgerError {
  const what = "position" in by ? `position ${by.position}` : `id ${by.id}`;
  return new LedgerError("not-found", `ledger ${origin} has no event with ${what}`, { values: { ...by } });
}

function hexOrNull(bytes: Bytes | null): string | null {
  return bytes === null ? null : bytesToHex(bytes);
}

function tampered(position: bigint, why: string): LedgerError {
  return new LedgerError("tampered", `position ${position}: ${why}: \`eventchain verify\` says more`, {
    values: { position },
  });
}
