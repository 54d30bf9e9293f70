import type { Rpc } from "./call-rpc.ts";
import { asRawLog, decodeAnchored } from "./decode-logs.ts";
import { asBigint, asFields, asHash, asList } from "./read-answer.ts";
import type { ReceiptOutcome } from "./types.ts";

/** A transaction's receipt on the current chain. "not-found": unknown, waiting, or taken back with its block. */
export async function readReceipt(rpc: Rpc, txHash: string): Promise<ReceiptOutcome> {
  const answer = await rpc.call("eth_getTransactionReceipt", [txHash]);
  if (answer === null) return { kind: "not-found" };
  const receipt = asFields(answer, "a receipt");
  // Some nodes give a receipt before the block.
  if (receipt.blockHash === null) return { kind: "not-found" };
  const gasUsed = asBigint(receipt.gasUsed, "a receipt's gas");
  const priceWei = asBigint(receipt.effectiveGasPrice, "a receipt's gas price");
  // Rollups of the OP stack charge for their data on layer 1 beside the gas.
  const dataFeeWei = typeof receipt.l1Fee === "string" ? asBigint(receipt.l1Fee, "a receipt's l1Fee") : 0n;
  return {
    kind: "mined",
    blockNumber: asBigint(receipt.blockNumber, "a receipt's block number"),
    blockHash: asHash(receipt.blockHash, "a receipt's block hash"),
    succeeded: asBigint(receipt.status, "a receipt's status") === 1n,
    gasUsed,
    feeWei: gasUsed * priceWei + dataFeeWei,
    anchored: asList(receipt.logs, "a receipt's logs")
      .map((log) => decodeAnchored(asRawLog(log)))
      .filter((log) => log !== undefined),
  };
}
