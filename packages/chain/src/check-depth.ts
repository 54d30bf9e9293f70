import type { Rpc } from "./call-rpc.ts";
import { badAnswer } from "./read-answer.ts";
import { readBlock } from "./read-block.ts";
import type { Depth, Finality } from "./types.ts";

/**
 * Whether a block is still part of the current chain, and deep enough in it.
 *
 * A chain that is shorter than the block's number is `reorged` too: the block is not in it. (A node that lags behind the
 * one that gave the receipt looks the same; what follows, looking for the receipt again, is right in both cases.)
 */
export async function isDeepEnough(
  rpc: Rpc,
  block: { number: bigint; hash: string },
  finality: Finality,
): Promise<Depth> {
  // The depth first: if the chain is reorganised in between, the hash below is of the newer chain and does not fit.
  const deep = await deepest(rpc, finality);
  const current = await readBlock(rpc, block.number);
  if (current?.hash !== block.hash.toLowerCase()) return "reorged";
  return deep !== undefined && block.number <= deep ? "final" : "not-yet";
}

/** The number of the newest block that is final. */
async function deepest(rpc: Rpc, finality: Finality): Promise<bigint | undefined> {
  if (finality.kind === "finalized") return (await readBlock(rpc, "finalized"))?.number;
  const latest = await readBlock(rpc, "latest");
  if (latest === undefined) throw badAnswer("no latest block");
  return latest.number - BigInt(finality.count);
}
