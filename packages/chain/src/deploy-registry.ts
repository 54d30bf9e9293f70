import { getCreateAddress } from "ethers";
import { anchorRegistryBytecode } from "./generated/anchor-registry.ts";
import { sendTransaction } from "./send-transaction.ts";
import type { Chain } from "./types.ts";

/** More than twice what it takes on Ethereum; what is not used is not paid. */
const DEPLOY_GAS = 2_000_000n;

/**
 * Puts an AnchorRegistry on the chain and waits for its block. Run twice, it makes two: both are whole, and one is simply
 * not used. `key` pays and gets no rights over the contract.
 *
 * Errors: "bad-key", "chain-reverted", "timeout", "chain-unavailable".
 */
export async function deployRegistry(chain: Chain, key: string): Promise<{ address: string; blockNumber: bigint }> {
  const creation = { to: null, data: anchorRegistryBytecode, gasLimit: DEPLOY_GAS, key };
  const { from, nonce, blockNumber } = await sendTransaction(chain, creation);
  return { address: getCreateAddress({ from, nonce }).toLowerCase(), blockNumber };
}
