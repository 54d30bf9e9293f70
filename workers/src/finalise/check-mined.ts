import type { Finality } from "@eventchain/chain";
import type { AnchorRecord } from "@eventchain/store";
import type { ChainDeps } from "../anchor/deps.ts";
import { readMinedFacts } from "../anchor/read-mined-facts.ts";
import { sendAnchor } from "../anchor/send-anchors.ts";

export interface FinaliseDeps extends ChainDeps {
  /** When a block of a chain counts as final. */
  finalityFor(chainId: bigint): Finality;
}

/** What a look at a mined anchor's block found. */
export type Depth = "final" | "not-yet" | "moved" | "reorged";

/** The block of a mined anchor, by which the chain is asked. */
function blockOf(anchor: AnchorRecord): { number: bigint; hash: string } {
  const { blockNumber, blockHash, anchorId } = anchor;
  if (blockNumber === null || blockHash === null)
    throw new Error(`assertion failed: mined anchor ${anchorId} has a block`);
  return { number: blockNumber, hash: blockHash };
}

/** Its block is gone. The transaction is in another block of the current chain, or in none, and is then sent again. */
async function followReorg(deps: FinaliseDeps, anchor: AnchorRecord, goneHash: string): Promise<Depth> {
  const receipt = await deps.chain.receipt(anchor.txHash);
  if (receipt.kind === "mined" && receipt.succeeded) {
    const facts = await readMinedFacts(deps.chain, receipt);
    if (facts === undefined) return "not-yet";
    await deps.log.markMined(anchor.anchorId, facts);
    return "moved";
  }
  await deps.log.markReorged(anchor.anchorId, goneHash);
  await sendAnchor(deps, anchor);
  return "reorged";
}

/**
 * Step 5 of an anchor: is its block deep enough on the current chain?
 *
 * Durable order:
 * 1. deep enough: `final` and `final_size`, in one transaction, with the notification. A restart finds it done, or asks again.
 * 2. another block stands at its height: `reorged` and `anchored_size`, in one transaction. A restart sends the bytes again.
 * 3. the node has the same bytes again. A restart finds them by their hash.
 */
export async function checkMined(deps: FinaliseDeps, anchor: AnchorRecord): Promise<Depth> {
  const block = blockOf(anchor);
  const depth = await deps.chain.isDeepEnough(block, deps.finalityFor(anchor.chainId));
  if (depth === "final") {
    await deps.log.markFinal(anchor.anchorId, block.hash);
    return "final";
  }
  if (depth === "not-yet") return "not-yet";
  const current = await deps.chain.block(block.number);
  if (current === undefined) {
    // This node has not come to that height: it is behind, or its chain became shorter and grows only by what it is
    // given. To send the bytes once more is harmless; to call the block gone would be a guess.
    if (anchor.raw.length > 0) await deps.chain.sendRaw(anchor.raw);
    return "not-yet";
  }
  return current.hash === block.hash ? "not-yet" : followReorg(deps, anchor, block.hash);
}
