import { NodeError, type Rpc } from "./call-rpc.ts";
import { asBigint, asFields, asHash, type Fields, quantity } from "./read-answer.ts";
import type { Block, Fees } from "./types.ts";

const GWEI = 1_000_000_000n;

/** undefined: the chain has no such block, or calls none finalized yet. */
export async function readBlock(rpc: Rpc, tag: bigint | "latest" | "finalized"): Promise<Block | undefined> {
  const block = await readRawBlock(rpc, tag);
  if (block === undefined) return undefined;
  return {
    number: asBigint(block.number, "a block's number"),
    hash: asHash(block.hash, "a block's hash"),
    timeSeconds: asBigint(block.timestamp, "a block's timestamp"),
  };
}

async function readRawBlock(rpc: Rpc, tag: bigint | "latest" | "finalized"): Promise<Fields | undefined> {
  try {
    const block = await rpc.call("eth_getBlockByNumber", [typeof tag === "bigint" ? quantity(tag) : tag, false]);
    return block === null ? undefined : asFields(block, "a block");
  } catch (error) {
    // Before the first finalized block some nodes answer with an error in place of null (geth: "finalized block not found").
    if (tag === "finalized" && error instanceof NodeError && /not found|unknown block/i.test(error.rpcMessage)) {
      return undefined;
    }
    throw error;
  }
}

/** A bid that holds while the base fee doubles: twice the newest block's, and the tip that the node suggests. */
export async function readFees(rpc: Rpc): Promise<Fees> {
  const latest = asFields(await rpc.call("eth_getBlockByNumber", ["latest", false]), "the latest block");
  if (latest.baseFeePerGas === undefined) {
    // A chain without EIP-1559: one price.
    const price = asBigint(await rpc.call("eth_gasPrice", []), "the gas price");
    return { maxFeePerGasWei: price, maxPriorityFeePerGasWei: price };
  }
  const tip = await suggestedTip(rpc);
  const baseFee = asBigint(latest.baseFeePerGas, "the base fee");
  return { maxFeePerGasWei: 2n * baseFee + tip, maxPriorityFeePerGasWei: tip };
}

async function suggestedTip(rpc: Rpc): Promise<bigint> {
  try {
    return asBigint(await rpc.call("eth_maxPriorityFeePerGas", []), "the suggested tip");
  } catch (error) {
    // Not every node has the method.
    if (error instanceof NodeError) return GWEI;
    throw error;
  }
}
