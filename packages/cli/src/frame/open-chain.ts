import type { Chain } from "@eventchain/chain";
import type { FoundUrl } from "./check-url.ts";
import { connectTimeoutMs, reachServer } from "./reach-server.ts";

/**
 * A node that has answered one question.
 *
 * @throws LedgerError `config-invalid` for a bad URL; `chain-unavailable` when nothing, or no node, answers there.
 */
export async function openChain(url: FoundUrl): Promise<Chain> {
  await reachServer("rpc", url);
  const { connectChain } = await import("@eventchain/chain");
  const probe = connectChain({ rpcUrl: url.text, timeoutMs: connectTimeoutMs });
  try {
    await probe.chainId();
  } finally {
    probe.close();
  }
  return connectChain({ rpcUrl: url.text });
}
