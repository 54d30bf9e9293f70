import type { Bytes } from "@eventchain/core";
import type { TestRegistry } from "./ledger-builder.ts";

/** Sends an anchor transaction and gives what came of it. */
export async function sendAnchor(
  { chain, registry, key, owner, chainId }: TestRegistry,
  ledgerId: string,
  head: { size: bigint; root: Bytes; consistency: readonly Bytes[] },
): Promise<{ raw: Bytes; txHash: string; nonce: bigint; blockNumber: bigint; blockHash: string; timeSeconds: bigint }> {
  const nonce = await chain.nonce(owner);
  const { raw, txHash } = registry.signAnchor({ ledgerId, ...head, nonce, fees: await chain.fees(), key, chainId });
  const sent = await chain.sendRaw(raw);
  const receipt = await chain.receipt(txHash);
  if (receipt.kind !== "mined" || !receipt.succeeded)
    throw new Error(`the anchor was not mined: ${JSON.stringify(sent)}`);
  const block = await chain.block(receipt.blockNumber);
  const { blockNumber, blockHash } = receipt;
  return { raw, txHash, nonce, blockNumber, blockHash, timeSeconds: block?.timeSeconds ?? 0n };
}
