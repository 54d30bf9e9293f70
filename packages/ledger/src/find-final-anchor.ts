import type { AnchorRecord, LogStore } from "@eventchain/store";
import type { CoveringAnchor } from "./types.ts";

/** The smallest final anchor that covers a position, or undefined while there is none. */
export async function findFinalAnchor(
  log: Pick<LogStore, "coveringAnchor" | "finalAnchors">,
  ledgerId: bigint,
  position: bigint,
): Promise<AnchorRecord | undefined> {
  const smallest = await log.coveringAnchor(ledgerId, position);
  if (smallest === undefined || smallest.state === "final") return smallest;
  // A greater one may be marked final before the smaller one is.
  const [newest] = await log.finalAnchors(ledgerId, 1);
  return newest !== undefined && newest.size >= position ? newest : undefined;
}

/** What of an anchor a receipt tells. A final anchor has a block. */
export function describeAnchor(anchor: AnchorRecord): CoveringAnchor {
  const { chainId, contract, txHash, blockNumber, blockHash, size, root } = anchor;
  if (blockNumber === null || blockHash === null) throw new Error(`final anchor ${txHash} has no block`);
  return { chainId, contract, txHash, blockNumber, blockHash, size, root };
}
