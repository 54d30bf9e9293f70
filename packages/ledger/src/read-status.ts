import { bytesToHex, emptyRoot } from "@eventchain/core";
import type { AnchorRecord, EventStore, LogStore } from "@eventchain/store";
import { listHandlers } from "./handlers/list-handlers.ts";
import type { HandlerStores } from "./handlers/stores.ts";
import type { ProjectionStatus } from "./projections/types.ts";
import type { AnchorSummary, LedgerStatus } from "./types.ts";

/** How many anchors a status shows. */
const NEWEST_ANCHORS = 10;

export interface StatusDeps {
  ledgerId: bigint;
  origin: string;
  store: Pick<EventStore, "head" | "watermarks" | "findEvent" | "findLedger">;
  log: Pick<LogStore, "checkpoint" | "alarms" | "waiting" | "recentAnchors">;
  handlers: HandlerStores;
  /** As `Ledger.projections`. */
  listProjections: () => Promise<ProjectionStatus[]>;
  /** Milliseconds since 1970-01-01 UTC. */
  clock: () => bigint;
}

/** How far a ledger has come and what keeps it. Its parts are read one after the other: they may be moments apart. */
export async function readStatus(deps: StatusDeps): Promise<LedgerStatus> {
  const { ledgerId, origin, store, log, handlers, clock } = deps;
  // Watermarks before the head, so that no more can seem to be sealed than there is.
  const { sealedSize, anchoredSize, finalSize } = await store.watermarks(ledgerId);
  const [head, record, checkpoint, waiting, alarms, anchors, listed, projections] = await Promise.all([
    store.head(ledgerId),
    store.findLedger(origin),
    log.checkpoint(ledgerId),
    log.waiting(ledgerId),
    log.alarms(ledgerId),
    log.recentAnchors(ledgerId, NEWEST_ANCHORS),
    listHandlers(handlers, ledgerId),
    deps.listProjections(),
  ]);
  // Once for all: what waits for the same stage has waited for the same time.
  const nowMs = clock();
  const age = async (size: bigint): Promise<bigint> => {
    if (size >= head.position) return 0n;
    const oldest = await store.findEvent(ledgerId, { position: size + 1n });
    // Two clocks, the database's and this host's, may disagree a little.
    const ageMs = oldest === undefined ? 0n : nowMs - oldest.recordedAtMicros / 1000n;
    return ageMs > 0n ? ageMs : 0n;
  };
  const [sealMs, anchorMs, finalMs] = await Promise.all([age(sealedSize), age(anchoredSize), age(finalSize)]);
  return {
    ledger: origin,
    epoch: record?.epoch ?? 0n,
    size: head.position,
    sealed: sealedSize,
    anchored: anchoredSize,
    final: finalSize,
    head: { size: checkpoint?.size ?? 0n, root: `0x${bytesToHex(checkpoint?.root ?? emptyRoot())}` },
    lag: { sealMs, anchorMs, finalMs },
    waiting,
    alarms,
    handlers: listed.map(({ name, state, reason }) => ({ name, state, reason })),
    projections,
    anchors: anchors.map(summary),
  };
}

function summary(anchor: AnchorRecord): AnchorSummary {
  const { size, root, state, txHash, blockNumber, gasUsed } = anchor;
  const atMs = anchor.finalAtMs ?? anchor.minedAtMs ?? anchor.sentAtMs ?? anchor.preparedAtMs;
  return { size, root, state, txHash, block: blockNumber, gasUsed, atMs };
}
