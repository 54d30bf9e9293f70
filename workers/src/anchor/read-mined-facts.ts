import type { Chain, ReceiptOutcome } from "@eventchain/chain";
import type { MinedFacts } from "@eventchain/store";

export type MinedReceipt = Extract<ReceiptOutcome, { kind: "mined" }>;

/** A receipt's facts with its block's time; undefined where the block was reorganised away since. */
export async function readMinedFacts(chain: Chain, receipt: MinedReceipt): Promise<MinedFacts | undefined> {
  const block = await chain.block(receipt.blockNumber);
  if (block === undefined || block.hash !== receipt.blockHash) return undefined;
  const { blockNumber, blockHash, gasUsed, feeWei } = receipt;
  return { blockNumber, blockHash, blockTimeSeconds: block.timeSeconds, gasUsed, feeWei };
}
