import type { AnchoredLog, Chain, OnChainHead, OpenedLog, Registry, SupersededLog } from "@eventchain/chain";
import { LedgerError } from "@eventchain/core";
import type { Place } from "./locate-contract.ts";

/** Blocks asked for at the same time. */
const PARALLEL_BLOCKS = 8;

/** What the contract says of the ledger, read before the database: whatever was anchored then had been sealed before. */
export interface ChainView {
  place: Place;
  registry: Registry;
  /** undefined: the contract does not know the ledger. */
  ledgerId: string | undefined;
  head: OnChainHead | undefined;
  /** The anchors of the newest epoch, smallest first. */
  anchors: AnchoredLog[];
  /** Those of all epochs, by transaction: one may carry several. */
  byTransaction: ReadonlyMap<string, readonly AnchoredLog[]>;
  supersessions: SupersededLog[];
  /** The ledgers that the owner opened on this contract. */
  opened: OpenedLog[];
}

/**
 * Reads heads, anchors and supersessions. Throws `chain-unavailable` when the node does not answer, or when its list of anchors
 * has a hole: `fromSize` shows that none is missing.
 */
export async function readChain(chain: Chain, place: Place, origin: string): Promise<ChainView> {
  const registry = chain.registry(place.contract);
  const opened = place.owner === undefined ? [] : await registry.opened({ opener: place.owner });
  const ledgerId = await findLedger(registry, place, origin);
  const head = ledgerId === undefined ? { kind: "not-opened" as const } : await registry.head(ledgerId);
  if (ledgerId === undefined || "kind" in head) {
    const nothing = { head: undefined, anchors: [], byTransaction: new Map(), supersessions: [] };
    return { place, registry, ledgerId: undefined, opened, ...nothing };
  }
  const supersessions = await registry.supersessions(ledgerId);
  const all = await registry.anchors(ledgerId);
  const anchors = all.filter((log) => log.epoch === head.epoch).sort(bySize);
  checkList(anchors, head, supersessions);
  return { place, registry, ledgerId, head, anchors, byTransaction: groupByTransaction(all), supersessions, opened };
}

/** The id under which the contract knows the ledger, be it that its present owner was handed it by the opener. */
async function findLedger(registry: Registry, place: Place, origin: string): Promise<string | undefined> {
  if (place.ledgerId !== undefined && !("kind" in (await registry.head(place.ledgerId)))) return place.ledgerId;
  const candidates = await registry.opened(place.owner === undefined ? {} : { owner: place.owner });
  const named = candidates.filter((one) => one.origin === origin);
  return named.length === 1 ? named[0]?.ledgerId : undefined;
}

/** The list is read after the head, so it reaches the head, or one that came since. */
function checkList(anchors: readonly AnchoredLog[], head: OnChainHead, supersessions: readonly SupersededLog[]): void {
  let size = supersessions.findLast((log) => log.epoch === head.epoch)?.size ?? 0n;
  for (const anchor of anchors) {
    if (anchor.fromSize !== size) throw incomplete(size, anchor.fromSize);
    size = anchor.size;
  }
  if (size < head.size) throw incomplete(size, head.size);
}

function incomplete(after: bigint, next: bigint): LedgerError {
  return new LedgerError(
    "chain-unavailable",
    `the node's list of anchors has a hole between sizes ${after} and ${next}`,
    {
      values: { after, next },
    },
  );
}

function groupByTransaction(logs: readonly AnchoredLog[]): Map<string, AnchoredLog[]> {
  return Map.groupBy(logs, (log) => log.txHash.toLowerCase());
}

function bySize(a: AnchoredLog, b: AnchoredLog): number {
  return a.size < b.size ? -1 : a.size > b.size ? 1 : 0;
}

/** The times of the anchors' blocks, in their order. A block that is gone again has none: its anchor dates nothing. */
export async function readBlockTimes(
  chain: Chain,
  anchors: readonly AnchoredLog[],
): Promise<{ size: bigint; timeMicros: bigint; block: bigint }[]> {
  const times: { size: bigint; timeMicros: bigint; block: bigint }[] = [];
  for (let start = 0; start < anchors.length; start += PARALLEL_BLOCKS) {
    const part = anchors.slice(start, start + PARALLEL_BLOCKS);
    const blocks = await Promise.all(part.map((anchor) => chain.block(anchor.blockNumber)));
    for (const [i, anchor] of part.entries()) {
      const block = blocks[i];
      if (block === undefined || block.hash.toLowerCase() !== anchor.blockHash.toLowerCase()) continue;
      times.push({ size: anchor.size, timeMicros: block.timeSeconds * 1_000_000n, block: block.number });
    }
  }
  return times;
}
