import type { AnchorRecord, LogStore } from "@eventchain/store";
import type { CoveringAnchor } from "./types.ts";

/** How far back a final anchor is looked for that is greater than one which is not final yet. */
const RECENT_ANCHORS = 100;

/** The smallest final anchor that covers a position, or undefined while there is none. */
export async function findFinalAnchor(
  log: Pick<LogStore, "coveringAnchor" | "recentAnchors">,
  ledgerId: bigint,
  position: bigint,
): Promise<AnchorRecord | undefined> {
  const smallest = await log.coveringAnchor(ledgerId, position);
  if (smallest === undefined || smallest.state === "final") return smallest;
  // A greater one may be marked final before the smaller one is.
  const recent = await log.recentAnchors(ledgerId, RECENT_ANCHORS);
  return recent.findLast(({ state, size }) => state === "final" && size >= position);
}

/** What of an anchor a receipt tells. A final anchor has a block. */
export function describeAnchor(anchor: AnchorRecord): CoveringAnchor {
  const { chainId, contract, txHash, blockNumber, blockHash, size, root } = anchor;
  if (blockNumber === null || blockHash === null) throw new Error(`final anchor ${txHash} has no block`);
  return { chainId, contract, txHash, blockNumber, blockHash, size, root };
}
